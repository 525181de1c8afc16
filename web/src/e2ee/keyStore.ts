import { readAddress } from "./address";
import { isMeetingKey, type MeetingKey } from "./meetingKey";

/**
 * Where keys live in this browser (docs/decisions/where-the-browser-keeps-keys.md):
 * an organiser's keys in localStorage until the meeting is deleted or long over, a guest's key in
 * sessionStorage of this tab until the meeting is left.
 */
const PREFIX = "conclave.key.";

/** The portal deletes a meeting 30 days after its end; some days more, for a browser whose clock is wrong. */
const KEEP_MS = 40 * 24 * 60 * 60_000;

/** What the address bar said about the key when this page was opened, by meeting id. */
const damaged = new Set<string>();
const sent = new Set<string>();

/** An organiser's key is followed by the end of its meeting. */
function read(storage: Storage, id: string): MeetingKey | undefined {
  const value = storage.getItem(PREFIX + id)?.split(" ")[0];
  return isMeetingKey(value) ? value : undefined;
}

/** @param ends when the meeting is over, which may be years ahead: its key is kept until well after. */
export function keepOrganiserKey(id: string, key: MeetingKey, ends: Date): void {
  localStorage.setItem(PREFIX + id, `${key} ${ends.toISOString()}`);
}

/** Notes when the meeting of a key is over, if this browser has one. */
export function dateOrganiserKey(id: string, ends: Date): void {
  const key = organiserKey(id);
  if (key !== undefined) keepOrganiserKey(id, key, ends);
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
  return read(localStorage, id);
}

/**
 * The key to join with: the organiser's own, else the one of the link that was opened in this tab. A link never replaces a
 * key that was made here: whoever knows the id of a meeting could send one, and the organiser would pass its key on.
 */
export function meetingKey(id: string): MeetingKey | undefined {
  return organiserKey(id) ?? read(sessionStorage, id);
}

/** Whether the link that was opened in this tab carries another key than the one made here. */
export function linkHasForeignKey(id: string): boolean {
  const [own, link] = [organiserKey(id), read(sessionStorage, id)];
  return own !== undefined && link !== undefined && own !== link;
}

/** Whether the link was altered on its way so that the browser had to send its key to the server. */
export function linkSentKey(id: string): boolean {
  return sent.has(id);
}

/** Puts the key of a link back into this tab, to join again. */
export function keepLinkKey(id: string, key: MeetingKey): void {
  sessionStorage.setItem(PREFIX + id, key);
}

export function linkWasDamaged(id: string): boolean {
  return damaged.has(id);
}

/** After leaving: the key of the link is gone from this tab; the organiser keeps the own one. */
export function forgetLinkKey(id: string): void {
  sessionStorage.removeItem(PREFIX + id);
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
    keepLinkKey(id, key.key);
    damaged.delete(id);
    if (address.sent) sent.add(id);
  } else if (id !== undefined && key.state === "damaged") {
    forgetLinkKey(id);
    damaged.add(id);
  }
  history.replaceState(history.state, "", `/m/${id ?? ""}`);
}
