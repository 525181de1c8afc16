import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { Button } from "../../components/Button";
import { Notice } from "../../components/Notice";
import { useText } from "../../i18n";
import { errorText } from "../../i18n/errorText";
import type { Question } from "../attributes";
import { useAct } from "./useAct";

interface AskedDialogProps {
  question: Question;
  /** Says so to the organiser, and on a yes switches on. */
  onAnswer: (agreed: boolean) => Promise<unknown>;
}

/** An organiser asks to hear or to see somebody. Nothing is switched on but by the answer. */
export function AskedDialog({ question: { what }, onAnswer }: AskedDialogProps) {
  const text = useText();
  const { busy, error, act } = useAct();
  const words = text.floor.asked[what];
  const answer = (agreed: boolean) => void act(() => onAnswer(agreed));
  return (
    <ModalOverlay className="overlay" isOpen>
      <Modal className="dialog">
        <Dialog className="dialog-body stack" role="alertdialog">
          <Heading slot="title">{words.title}</Heading>
          <p>{words.text}</p>
          {error !== undefined && <Notice tone="bad">{errorText(text, error)}</Notice>}
          <div className="dialog-actions">
            <Button isDisabled={busy} onPress={() => answer(false)} autoFocus>
              {text.floor.no}
            </Button>
            <Button look="primary" isDisabled={busy} onPress={() => answer(true)}>
              {words.yes}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
