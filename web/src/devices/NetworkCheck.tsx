import { Wifi, WifiOff } from "lucide-react";
import { useText } from "../i18n";
import { useProbe } from "./useProbe";
import { verdictSentences } from "./verdictText";

/** The verdict on the connection in a few words; the test stops when the person joins, to leave the bandwidth to the call. */
export function NetworkCheck({ wanted }: { wanted: boolean }) {
  const text = useText();
  const { result, verdict } = useProbe(wanted);
  const Icon = verdict?.tone === "bad" ? WifiOff : Wifi;
  return (
    <div className={`verdict ${verdict?.tone ?? ""}`}>
      <Icon size={20} aria-hidden="true" />
      <div>
        <p role="status" data-verdict={verdict?.name}>
          <strong>{result && verdict ? text.check.headlines[verdict.name] : text.check.checking}</strong>
          {result && verdict && ` – ${verdictSentences(text, verdict, result).join(" ")}`}
        </p>
        <a className="verdict-more" href="/check" target="_blank" rel="noopener">
          {text.check.link}
        </a>
      </div>
    </div>
  );
}
