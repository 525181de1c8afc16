import { CircleHelp, LockOpen, ShieldCheck } from "lucide-react";
import { useEffect, useState } from "react";
import type { Site } from "../api/portal";
import { useText } from "../i18n";
import type { Catalogue } from "../i18n/en";
import { useTime } from "../i18n/time";

/** How long it is said that the site is open again. */
const REOPENED_MS = 60_000;

type Mode = Site["mode"];
const isCut = (mode: Mode | undefined) => mode === "isolated" || mode === "sealed";

/** True for a minute after somebody who looks at this page has seen the site open again. */
function useReopened(mode: Mode | undefined): boolean {
  const [before, setBefore] = useState(mode);
  const [reopened, setReopened] = useState(false);
  if (mode !== before) {
    setBefore(mode);
    setReopened(mode === "open" && isCut(before));
  }
  useEffect(() => {
    if (!reopened) return;
    const timer = window.setTimeout(() => setReopened(false), REOPENED_MS);
    return () => window.clearTimeout(timer);
  }, [reopened]);
  return reopened;
}

function words(site: Site, { mode }: Catalogue, clock: (date: Date) => string): string {
  if (site.mode === "unknown") return mode.unknown;
  if (site.mode === "open") return mode.reopened;
  const since = site.mode_since ? clock(new Date(site.mode_since)) : undefined;
  const until = site.mode_until ? clock(new Date(site.mode_until)) : undefined;
  return [mode.isolated(since), until && mode.rehearsal(until)].filter(Boolean).join(" ");
}

/** For everybody, on every page, as long as the site is cut off, or nobody knows. */
export function ModeBanner({ site }: { site: Site | undefined }) {
  const text = useText();
  const time = useTime();
  const reopened = useReopened(site?.mode);
  const Icon = isCut(site?.mode) ? ShieldCheck : site?.mode === "unknown" ? CircleHelp : LockOpen;
  // Always there, so that a screen reader hears what comes into it.
  return (
    <div role="status">
      {site && (site.mode !== "open" || reopened) && (
        <div className={`mode-banner ${site.mode}`}>
          <Icon size={20} aria-hidden="true" />
          <span>{words(site, text, time.clockOrDay)}</span>
        </div>
      )}
    </div>
  );
}
