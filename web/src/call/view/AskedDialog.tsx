import { useRef, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { Button } from "../../components/Button";
import { Notice } from "../../components/Notice";
import { useText } from "../../i18n";
import { errorText } from "../../i18n/errorText";
import type { Question } from "../attributes";
import { useAct } from "./useAct";

interface AskedProps {
  question: Question;
  /**
   * Says so to the organiser, and on a yes switches on what was asked for.
   * @param wanted whether the person has not thought better of it while the portal was silent
   */
  onAnswer: (agreed: boolean, wanted: () => boolean) => Promise<unknown>;
}

function Asked({ question: { what }, onAnswer, onClose }: AskedProps & { onClose: () => void }) {
  const text = useText();
  const { busy, error, act } = useAct();
  const closed = useRef(false);
  const words = text.floor.asked[what];
  const failed = error !== undefined;
  // Closes whatever the portal says: everything behind this dialog waits for it.
  const close = () => {
    closed.current = true;
    onClose();
    if (!failed) onAnswer(false, () => false).catch(() => undefined);
  };
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={close}>
      <Modal className="dialog">
        <Dialog className="dialog-body stack" role="alertdialog">
          <Heading slot="title">{words.title}</Heading>
          <p>{words.text}</p>
          {failed && <Notice tone="bad">{errorText(text, error)}</Notice>}
          <div className="dialog-actions">
            <Button onPress={close} autoFocus>
              {failed ? text.app.close : text.floor.no}
            </Button>
            <Button
              look="primary"
              isDisabled={busy}
              onPress={() => void act(() => onAnswer(true, () => !closed.current))}
            >
              {words.yes}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** An organiser asks to hear or to see somebody. Nothing is switched on but by the answer; each question is asked once. */
export function AskedDialog({
  question,
  onAnswer,
}: Partial<Pick<AskedProps, "question">> & Omit<AskedProps, "question">) {
  const [closed, setClosed] = useState<string>();
  if (!question || question.at === closed) return null;
  return <Asked key={question.at} question={question} onAnswer={onAnswer} onClose={() => setClosed(question.at)} />;
}
