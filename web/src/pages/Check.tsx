import { Check as CheckMark, Circle, CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import { Button } from "../components/Button";
import { Page } from "../components/Page";
import { AskFor } from "../devices/AskFor";
import { Measured, Ways } from "../devices/Measured";
import type { ProbeResult, Step } from "../devices/probe";
import { asks, says } from "../devices/says";
import { useProbe } from "../devices/useProbe";
import type { Verdict } from "../devices/verdict";
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
  found: ProbeResult;
  verdict: Verdict;
  domain: string;
  again: () => void;
}

export function Report({ found, verdict, domain, again }: ReportProps) {
  const text = useText();
  const Icon = icons[verdict.tone];
  const ask = asks(text, verdict, found, domain);
  const tried = found.path !== "none" || found.stage === "media";
  return (
    <>
      <section className={`card check-verdict ${verdict.tone}`}>
        <Icon size={32} aria-hidden="true" />
        <div className="stack-small" role="status">
          <h2>{text.check.headlines[verdict.name]}</h2>
          {says(text, verdict, found).map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
        <Button onPress={again}>{text.check.again}</Button>
      </section>
      {ask && <AskFor text={ask} several={found.ask.length > 1 && found.path !== "none"} />}
      {tried && (
        <div className="check-details">
          <Ways found={found} />
          {found.stage === "ok" && <Measured found={found} />}
        </div>
      )}
    </>
  );
}

/** For everybody, signed in or not: whether a call would work here, by which way, and what to ask for if not. */
export default function Check() {
  const text = useText();
  const { session } = useSession();
  const { step, found, verdict, again } = useProbe(true);
  const domain = session?.site.domain ?? location.hostname.replace(/^meet\./, "");
  return (
    <Page title={text.check.title}>
      <div className="check">
        <h1>{text.check.title}</h1>
        <p className="check-lead">{text.check.lead}</p>
        {found && verdict ? (
          <>
            <Report found={found} verdict={verdict} domain={domain} again={again} />
            {/* For programs that open this page, such as the rehearsal of a network. */}
            <script type="application/json" id="check-result">
              {JSON.stringify({ ...found, verdict: verdict.name, quality: verdict.quality ?? null })}
            </script>
          </>
        ) : (
          <Progress step={step} />
        )}
      </div>
    </Page>
  );
}
