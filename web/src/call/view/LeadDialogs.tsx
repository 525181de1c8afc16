import { Check } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { Checkbox, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { Notice } from "../../components/Notice";
import { useText } from "../../i18n";
import { errorText } from "../../i18n/errorText";
import { useAct } from "./useAct";

/** As the portal limits it. */
const MAX_MESSAGE = 200;

interface DecisionProps {
  title: string;
  /** Of the button that does it. */
  action: string;
  look?: "primary" | "danger";
  onDecide: () => Promise<void>;
  onClose: () => void;
  children: ReactNode;
}

/** A question before something that cannot simply be taken back. It stays while the portal refuses, and says why. */
function Decision({ title, action, look = "danger", onDecide, onClose, children }: DecisionProps) {
  const text = useText();
  const { busy, error, act } = useAct();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await act(onDecide)) onClose();
  };
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="dialog">
        <Dialog className="dialog-body" role={look === "danger" ? "alertdialog" : "dialog"}>
          <form className="stack" onSubmit={(event) => void submit(event)}>
            <Heading slot="title">{title}</Heading>
            {children}
            {error !== undefined && <Notice tone="bad">{errorText(text, error)}</Notice>}
            <div className="dialog-actions">
              <Button onPress={onClose} autoFocus={look === "danger"}>
                {text.app.cancel}
              </Button>
              <Button type="submit" look={look} busy={busy}>
                {action}
              </Button>
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Choice({
  label,
  hint,
  chosen,
  onChoose,
}: {
  label: string;
  hint: string;
  chosen: boolean;
  onChoose: (chosen: boolean) => void;
}) {
  return (
    <Checkbox className="checkbox" isSelected={chosen} onChange={onChoose}>
      <span className="checkbox-box" aria-hidden="true">
        <Check size={16} />
      </span>
      <span>
        {label}
        <span className="field-hint">{hint}</span>
      </span>
    </Checkbox>
  );
}

const given = (message: string) => (message.trim() === "" ? {} : { message: message.trim() });

export function MessageDialog({
  name,
  onSend,
  onClose,
}: {
  name: string;
  onSend: (message: string) => Promise<void>;
  onClose: () => void;
}) {
  const { lead } = useText();
  const [message, setMessage] = useState("");
  return (
    <Decision
      title={lead.tellTitle(name)}
      action={lead.send}
      look="primary"
      onDecide={async () => {
        if (message.trim() !== "") await onSend(message.trim());
      }}
      onClose={onClose}
    >
      <Field
        label={lead.message}
        hint={lead.tellHint}
        value={message}
        onChange={setMessage}
        maxLength={MAX_MESSAGE}
        autoComplete="off"
        autoFocus
      />
    </Decision>
  );
}

/** Turning somebody away before the door, or sending somebody out. */
export function RefusalDialog({
  words,
  onRefuse,
  onClose,
}: {
  words: { title: string; action: string; text: string; ban: string; banHint: string };
  onRefuse: (how: { message?: string; ban: boolean }) => Promise<void>;
  onClose: () => void;
}) {
  const { lead } = useText();
  const [message, setMessage] = useState("");
  const [ban, setBan] = useState(false);
  return (
    <Decision
      title={words.title}
      action={words.action}
      onDecide={() => onRefuse({ ...given(message), ban })}
      onClose={onClose}
    >
      <p>{words.text}</p>
      <Field
        label={lead.messageOptional}
        value={message}
        onChange={setMessage}
        maxLength={MAX_MESSAGE}
        autoComplete="off"
      />
      <Choice label={words.ban} hint={words.banHint} chosen={ban} onChoose={setBan} />
    </Decision>
  );
}

export function EndDialog({ onEnd, onClose }: { onEnd: () => Promise<void>; onClose: () => void }) {
  const { lead } = useText();
  return (
    <Decision title={lead.endTitle} action={lead.endConfirm} onDecide={onEnd} onClose={onClose}>
      <p>{lead.endText}</p>
    </Decision>
  );
}
