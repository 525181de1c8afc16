import type { Site } from "../api/portal";

/** What the portal writes into the room's metadata before the site's mode is switched. */
export interface ModeAnnouncement {
  mode: "open" | "isolated";
  since: string;
  /** End of a rehearsal. */
  until: string | null;
}

const isTime = (value: unknown): value is string => typeof value === "string" && !Number.isNaN(Date.parse(value));

/** Reads the room's metadata; anything but an announcement is undefined. */
export function parseModeAnnouncement(metadata: string | undefined): ModeAnnouncement | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(metadata || "null");
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { mode, since, until } = parsed as Record<string, unknown>;
  if ((mode !== "open" && mode !== "isolated") || !isTime(since)) return undefined;
  return { mode, since, until: isTime(until) ? until : null };
}

/** The site after an announcement, unless the portal's own answer is newer. */
export function applyModeAnnouncement(site: Site, { mode, since, until }: ModeAnnouncement): Site {
  if (site.mode_since && Date.parse(since) <= Date.parse(site.mode_since)) return site;
  return { ...site, mode, mode_since: since, mode_until: until };
}
