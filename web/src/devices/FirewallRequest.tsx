import { Check, Copy } from "lucide-react";
import { Button } from "../components/Button";
import { Notice } from "../components/Notice";
import { useCopy } from "../components/useCopy";
import { useText } from "../i18n";

/** What to send to whoever runs the network, to be copied whole. */
export function FirewallRequest({ request, severalRules }: { request: string; severalRules: boolean }) {
  const { check } = useText();
  const { copied, copy } = useCopy(request);
  return (
    <section className="card check-request">
      <h2>{check.requestTitle}</h2>
      <p>
        {check.requestText} {severalRules && check.requestFirst}
      </p>
      <pre>{request}</pre>
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
