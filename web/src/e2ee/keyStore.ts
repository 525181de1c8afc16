import { readAddress } from "./address";
import { isMeetingKey, type MeetingKey } from "./meetingKey";

/**
 * Where keys live in this browser (docs/decisions/where-the-browser-keeps-keys.md):
 * an organiser's keys in localStorage until the meeting is deleted or long over, a guest's key in
 * sessionStorage of this tab until the meeting is left.
 */
const PREFIX = "conclave.key.";
const PERSONAL = "conclave.personal.";

/** The portal deletes a meeting 30 days after its end; some days more, for a browser whose clock is wrong. */
const KEEP_MS = 40 * 24 * 60 * 60_000;

/** What the address bar said about the key when this page was opened, by meeting id. */
const damaged = new Set<string>();
const sent = new Set<string>();

/** A key, and which of the meeting's links it belongs to. */
interface Kept {
  key: MeetingKey;
  version: number;
}

/** An organiser's key is followed by the end of its meeting, and either by its link's number where that is not 1. */
function read(storage: Storage, id: string): Kept | undefined {
  const [key, , version] = storage.getItem(PREFIX + id)?.split(" ") ?? [];
  return isMeetingKey(key) ? { key, version: Number(version ?? 1) } : undefined;
}

const written = (key: MeetingKey, ends: string, version: number) =>
  version > 1 ? `${key} ${ends} ${version}` : ends === "-" ? key : `${key} ${ends}`;

/** @param ends when the meeting is over, which may be years ahead: its key is kept until well after. */
export function keepOrganiserKey(id: string, key: MeetingKey, ends: Date, version = 1): void {
  localStorage.setItem(PREFIX + id, written(key, ends.toISOString(), version));
}

/** Notes when the meeting of a key is over, if this browser has one. */
export function dateOrganiserKey(id: string, ends: Date): void {
  const own = read(localStorage, id);
  if (own) keepOrganiserKey(id, own.key, ends, own.version);
}

/** At start: keys of meetings that the portal has long deleted go; one without a date counts from today. */
export function forgetOldKeys(now = new Date()): void {
  const ids = Object.keys(localStorage).flatMap((name) => (name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []));
  for (const id of ids) {
    const ended = Date.parse(localStorage.getItem(PREFIX + id)?.split(" ")[1] ?? "");
    if (Number.isNaN(ended)) dateOrganiserKey(id, now);
    else if (now.getTime() - ended > KEEP_MS) localStorage.removeItem(PREFIX + id);
  }
}

export function organiserKey(id: string): MeetingKey | undefined {
  return read(localStorage, id)?.key;
}

/** The own key, or that of a link in this tab which is the newest, made on another device. */
function current(id: string, newest?: number): Kept | undefined {
  const [own, link] = [read(localStorage, id), read(sessionStorage, id)];
  // The number in a link is its sender's word: it counts only where it is the portal's.
  return own && !(link && link.version === newest && own.version < newest) ? own : link;
}

/**
 * The key to join with: the organiser's own, else the one of the link that was opened in this tab. A link never replaces a
 * key that was made here, unless the organiser has made a new link since, which the portal counts: whoever knows the id of
 * a meeting could send one, and the organiser would pass its key on.
 *
 * @param newest the number of the meeting's newest link, once the portal has said it
 */
export function meetingKey(id: string, newest?: number): MeetingKey | undefined {
  return current(id, newest)?.key;
}

/** Which of the meeting's links `meetingKey` belongs to. */
export function linkVersion(id: string, newest?: number): number {
  return current(id, newest)?.version ?? 1;
}

/** Whether the link that was opened in this tab carries another key than the one made here, and which of the two is used. */
export function linkHasForeignKey(id: string, newest?: number): "own" | "link" | undefined {
  const [own, link] = [read(localStorage, id), read(sessionStorage, id)];
  if (!own || !link || own.key === link.key || link.version < own.version) return undefined;
  return meetingKey(id, newest) === own.key ? "own" : "link";
}

/** Whether the link was altered on its way so that the browser had to send its key to the server. */
export function linkSentKey(id: string): boolean {
  return sent.has(id);
}

/** Puts the key of a link back into this tab, to join again. */
export function keepLinkKey(id: string, key: MeetingKey, version = 1): void {
  sessionStorage.setItem(PREFIX + id, written(key, "-", version));
}

/** The token of a personal link that was opened in this tab. */
export const personalToken = (id: string): string | undefined => sessionStorage.getItem(PERSONAL + id) ?? undefined;

export const keepPersonalToken = (id: string, token: string): void => sessionStorage.setItem(PERSONAL + id, token);

export function linkWasDamaged(id: string): boolean {
  return damaged.has(id);
}

/** After leaving: the key of the link is gone from this tab; the organiser keeps the own one. */
export function forgetLinkKey(id: string): void {
  sessionStorage.removeItem(PREFIX + id);
  sessionStorage.removeItem(PERSONAL + id);
}

export function forgetKey(id: string): void {
  forgetLinkKey(id);
  localStorage.removeItem(PREFIX + id);
}

/**
 * Takes the key out of the address bar before anything else runs, so that it is neither shown
 * on a shared screen nor sent along when somebody copies the address; a reload finds it in this tab's storage.
 */
export function takeKeyFromAddress(): void {
  const address = readAddress(location);
  if (!address) {
    // Of a page that takes no key: whoever shares the screen or copies the address must not pass one on.
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname + location.search);
    return;
  }
  const { id, key } = address;
  if (id !== undefined && key.state === "present") {
    forgetLinkKey(id);
    keepLinkKey(id, key.key, address.version);
    if (address.personal !== undefined) keepPersonalToken(id, address.personal);
    damaged.delete(id);
    if (address.sent) sent.add(id);
  } else if (id !== undefined && key.state === "damaged") {
    forgetLinkKey(id);
    damaged.add(id);
  }
  history.replaceState(history.state, "", `/m/${id ?? ""}`);
}
