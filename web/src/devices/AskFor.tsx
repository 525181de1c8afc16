import { Check, Copy } from "lucide-react";
import { Button } from "../components/Button";
import { Notice } from "../components/Notice";
import { useCopy } from "../components/useCopy";
import { useText } from "../i18n";

/** What to send to whoever looks after the network, to be copied whole. */
export function AskFor({ text: asked, several }: { text: string; several: boolean }) {
  const { check } = useText();
  const { copied, copy } = useCopy(asked);
  return (
    <section className="card check-ask">
      <h2>{check.askTitle}</h2>
      <p>
        {check.askText} {several && check.askFirst}
      </p>
      <pre>{asked}</pre>
      <div className="actions">
        <Button onPress={() => void copy()}>
          {copied === "yes" ? <Check size={20} aria-hidden="true" /> : <Copy size={20} aria-hidden="true" />}
          {copied === "yes" ? check.copied : check.copy}
        </Button>
        <span className="hidden-text" role="status">
          {copied === "yes" ? check.copied : ""}
        </span>
      </div>
      {copied === "failed" && <Notice tone="warn">{check.copyFailed}</Notice>}
    </section>
  );
}
