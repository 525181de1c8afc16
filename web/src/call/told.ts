import type { Site } from "../api/portal";

/** What the portal writes into the room's metadata before the site's mode is switched. */
export interface Told {
  mode: "open" | "isolated";
  since: string;
  /** End of a rehearsal. */
  until: string | null;
}

const isTime = (value: unknown): value is string => typeof value === "string" && !Number.isNaN(Date.parse(value));

/** Reads the room's metadata; everything but a switch of the mode is nothing. */
export function toldBy(metadata: string | undefined): Told | undefined {
  let said: unknown;
  try {
    said = JSON.parse(metadata || "null");
  } catch {
    return undefined;
  }
  if (typeof said !== "object" || said === null) return undefined;
  const { mode, since, until } = said as Record<string, unknown>;
  if ((mode !== "open" && mode !== "isolated") || !isTime(since)) return undefined;
  return { mode, since, until: isTime(until) ? until : null };
}

/** What is known of the site after a room was told; the portal's own answer, newer or not, has the last word. */
export function siteAsTold(site: Site, told: Told): Site {
  if (site.mode_since && Date.parse(told.since) <= Date.parse(site.mode_since)) return site;
  return { ...site, mode: told.mode, mode_since: told.since, mode_until: told.until };
}
