import { ShieldCheck } from "lucide-react";
import type { Site } from "../api/portal";
import { useText } from "../i18n";
import { useTime } from "../i18n/time";

/** For everybody, on every page, as long as the site is cut off. */
export function ModeBanner({ site }: { site: Site | undefined }) {
  const text = useText();
  const time = useTime();
  if (site?.mode !== "isolated") return null;
  return (
    <div className="mode-banner" role="status">
      <ShieldCheck size={20} aria-hidden="true" />
      <span>{text.mode.isolated(site.mode_since ? time.clockOrDay(new Date(site.mode_since)) : "–")}</span>
    </div>
  );
}
