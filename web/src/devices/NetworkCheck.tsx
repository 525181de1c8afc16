import { Wifi, WifiOff } from "lucide-react";
import { useText } from "../i18n";
import { says } from "./says";
import { useProbe } from "./useProbe";

/** The verdict on the connection in a few words; stops when the person joins, so that nothing is in the way. */
export function NetworkCheck({ wanted }: { wanted: boolean }) {
  const text = useText();
  const { found, verdict } = useProbe(wanted);
  const Icon = verdict?.tone === "bad" ? WifiOff : Wifi;
  return (
    <div className={`verdict ${verdict?.tone ?? ""}`}>
      <Icon size={20} aria-hidden="true" />
      <div>
        <p role="status" data-verdict={verdict?.name}>
          <strong>{found && verdict ? text.check.headlines[verdict.name] : text.check.checking}</strong>
          {found && verdict && ` – ${says(text, verdict, found).join(" ")}`}
        </p>
        <a className="verdict-more" href="/check" target="_blank" rel="noopener">
          {text.check.link}
        </a>
      </div>
    </div>
  );
}
