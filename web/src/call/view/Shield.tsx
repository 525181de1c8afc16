import { Copy, ShieldAlert, ShieldCheck, ShieldEllipsis } from "lucide-react";
import { useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { Button } from "../../components/Button";
import { useText } from "../../i18n";
import type { Catalogue } from "../../i18n/en";
import { useTime } from "../../i18n/time";
import { type CallState, encryptionOf, type Refusal, type Shield as ShieldState, shieldOf } from "../model";
import { CallDialog } from "./Dialogs";

const icons = { whole: ShieldCheck, alone: ShieldCheck, checking: ShieldEllipsis, partly: ShieldAlert };

function describe({ shield }: Catalogue, state: ShieldState): { title: string; explanation: string } {
  switch (state) {
    case "whole":
      return { title: shield.whole, explanation: shield.wholeText };
    case "alone":
      return { title: shield.whole, explanation: shield.alone };
    case "checking":
      return { title: shield.checking, explanation: shield.checkingText };
    case "partly":
      return { title: shield.partly, explanation: shield.partlyText };
  }
}

/** What the help desk needs; no key, no title, no address of the meeting. */
function report(refusals: readonly Refusal[], others: readonly string[]): string {
  const lines = refusals.map(
    ({ at, identity, name, kind, sid }) =>
      `${at.toISOString()} refused unencrypted ${kind} from "${name}" (${identity}, ${sid})`,
  );
  return ["Conclave report", `browser: ${navigator.userAgent}`, ...lines, ...others].join("\n");
}

/** One shield for the whole call; it opens the list of exceptions by name. */
export function Shield({ state, onRecheck }: { state: CallState; onRecheck: () => void }) {
  const text = useText();
  const time = useTime();
  const [open, setOpen] = useState(false);
  const [copied, setCopied] = useState(false);
  const shield = shieldOf(state.people);
  const { title, explanation } = describe(text, shield);
  const Icon = icons[shield];
  const differing = state.people.filter((person) => !person.self && encryptionOf(person) === "keyMismatch");

  const copy = async () => {
    await navigator.clipboard.writeText(
      report(
        state.refusals,
        differing.map((person) => `key of "${person.name}" (${person.identity}) does not match`),
      ),
    );
    setCopied(true);
  };
  return (
    <>
      <AriaButton className={`shield ${shield}`} aria-haspopup="dialog" onPress={() => setOpen(true)}>
        <Icon size={20} aria-hidden="true" />
        <span>{title}</span>
      </AriaButton>
      {open && (
        <CallDialog title={title} onClose={() => setOpen(false)}>
          <p>{explanation}</p>
          {shield === "partly" && (
            <>
              <h3>{text.shield.exceptions}</h3>
              <ul className="stack-small">
                {state.refusals.map((refusal) => (
                  <li key={refusal.sid}>
                    <strong>
                      <bdi>{refusal.name}</bdi>
                    </strong>{" "}
                    <span className="quiet numbers">{time.clock(refusal.at)}</span>
                    <br />
                    {text.blocked[refusal.kind]}
                  </li>
                ))}
                {differing.map((person) => (
                  <li key={person.identity}>
                    <strong>
                      <bdi>{person.name}</bdi>
                    </strong>
                    <br />
                    {text.blocked.keyMismatch}
                  </li>
                ))}
              </ul>
              {differing.length > 0 && <Button onPress={onRecheck}>{text.wrongKey.retry}</Button>}
              <Button onPress={() => void copy()}>
                <Copy size={18} aria-hidden="true" />
                {text.shield.copyReport}
              </Button>
              <span role="status" className="field-hint">
                {copied ? text.shield.reportCopied : ""}
              </span>
            </>
          )}
        </CallDialog>
      )}
    </>
  );
}
