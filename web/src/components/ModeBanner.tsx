import { CircleHelp, LockOpen, type LucideIcon, ShieldCheck } from "lucide-react";
import { useEffect, useState } from "react";
import type { Site } from "../api/portal";
import { useText } from "../i18n";
import type { Catalogue } from "../i18n/en";
import { useTime } from "../i18n/time";

/** How long the banner says that the site is open again. */
const REOPENED_MS = 60_000;

type Mode = Site["mode"];
const isIsolated = (mode: Mode | undefined) => mode === "isolated" || mode === "sealed";

/** True for a minute after the site has become open again while this page was shown. */
function useReopened(mode: Mode | undefined): boolean {
  const [before, setBefore] = useState(mode);
  const [reopened, setReopened] = useState(false);
  if (mode !== before) {
    setBefore(mode);
    setReopened(mode === "open" && isIsolated(before));
  }
  useEffect(() => {
    if (!reopened) return;
    const timer = window.setTimeout(() => setReopened(false), REOPENED_MS);
    return () => window.clearTimeout(timer);
  }, [reopened]);
  return reopened;
}

interface BannerText {
  state: string;
  meaning: string;
}

function bannerText(site: Site, { mode }: Catalogue, clock: (date: Date) => string): BannerText {
  if (site.mode === "unknown") return { state: mode.unknown, meaning: mode.unknownText };
  if (site.mode === "open") return { state: mode.reopened, meaning: mode.reopenedText };
  const since = site.mode_since ? clock(new Date(site.mode_since)) : undefined;
  const until = site.mode_until ? clock(new Date(site.mode_until)) : undefined;
  const meaning = until ? `${mode.isolatedText} ${mode.rehearsal(until)}` : mode.isolatedText;
  return { state: mode.isolated(since), meaning };
}

function Banner({ site, icon: Icon }: { site: Site; icon: LucideIcon }) {
  const { state, meaning } = bannerText(site, useText(), useTime().clockOrDay);
  return (
    <div className={`mode-banner ${site.mode}`}>
      <Icon size={20} aria-hidden="true" />
      <span>
        <strong>{state}</strong> {meaning}
      </span>
    </div>
  );
}

/** For everybody, on every page, as long as the site is cut off, or nobody knows. */
export function ModeBanner({ site }: { site: Site | undefined }) {
  const reopened = useReopened(site?.mode);
  const icon = isIsolated(site?.mode) ? ShieldCheck : site?.mode === "unknown" ? CircleHelp : LockOpen;
  // Always there, so that a screen reader hears what comes into it.
  return <div role="status">{site && (site.mode !== "open" || reopened) && <Banner site={site} icon={icon} />}</div>;
}
