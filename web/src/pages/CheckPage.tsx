import { Check as CheckMark, Circle, CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import { Button } from "../components/Button";
import { Page } from "../components/Page";
import { FirewallRequest } from "../devices/FirewallRequest";
import { Measurements, PathList } from "../devices/Measurements";
import type { ProbeResult, Step } from "../devices/probe";
import { useProbe } from "../devices/useProbe";
import type { Verdict } from "../devices/verdict";
import { firewallRequest, verdictSentences } from "../devices/verdictText";
import { useText } from "../i18n";
import { useSession } from "../session";
import "../styles/check.css";

const STEPS: readonly Step[] = ["site", "path", "media"];
const icons = { good: CircleCheck, warn: TriangleAlert, bad: CircleAlert };

function Progress({ step }: { step: Step }) {
  const text = useText();
  const now = STEPS.indexOf(step);
  return (
    <section className="card check-progress" aria-busy="true">
      <div role="status">
        <h2>{text.check.checking}</h2>
      </div>
      <ol className="check-steps">
        {STEPS.map((name, n) => (
          <li
            key={name}
            className={n < now ? "done" : n === now ? "now" : ""}
            aria-current={n === now ? "step" : undefined}
          >
            {n < now ? (
              <CheckMark size={20} aria-hidden="true" />
            ) : n === now ? (
              <span className="spinner" aria-hidden="true" />
            ) : (
              <Circle size={20} aria-hidden="true" />
            )}
            {text.check.steps[name]}
          </li>
        ))}
      </ol>
    </section>
  );
}

export interface ReportProps {
  result: ProbeResult;
  verdict: Verdict;
  domain: string;
  onRetry: () => void;
}

export function Report({ result, verdict, domain, onRetry }: ReportProps) {
  const text = useText();
  const Icon = icons[verdict.tone];
  const request = firewallRequest(text, verdict, result, domain);
  const tried = result.path !== "none" || result.stage === "media";
  return (
    <>
      <section className={`card check-verdict ${verdict.tone}`}>
        <Icon size={32} aria-hidden="true" />
        <div className="stack-small" role="status">
          <h2>{text.check.headlines[verdict.name]}</h2>
          {verdictSentences(text, verdict, result).map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
        <Button onPress={onRetry}>{text.check.retry}</Button>
      </section>
      {request && (
        <FirewallRequest request={request} severalRules={result.firewall_rules.length > 1 && result.path !== "none"} />
      )}
      {tried && (
        <div className="check-details">
          <PathList result={result} />
          {result.stage === "ok" && <Measurements result={result} />}
        </div>
      )}
    </>
  );
}

/** For everybody, signed in or not: whether a call would work here, on which path, and what to request if not. */
export default function CheckPage() {
  const text = useText();
  const { session } = useSession();
  const { step, result, verdict, retry } = useProbe(true);
  const domain = session?.site.domain ?? location.hostname.replace(/^meet\./, "");
  return (
    <Page title={text.check.title}>
      <div className="check">
        <h1>{text.check.title}</h1>
        <p className="check-lead">{text.check.lead}</p>
        {result && verdict ? (
          <>
            <Report result={result} verdict={verdict} domain={domain} onRetry={retry} />
            {/* For programs that open this page, such as the rehearsal of a network. */}
            <script type="application/json" id="check-result">
              {JSON.stringify({ ...result, verdict: verdict.name, quality: verdict.quality ?? null })}
            </script>
          </>
        ) : (
          <Progress step={step} />
        )}
      </div>
    </Page>
  );
}
