import { readAddress } from "./address";
import { isMeetingKey, type MeetingKey } from "./meetingKey";

/**
 * Where keys live in this browser (docs/decisions/where-the-browser-keeps-keys.md):
 * an organiser's keys in localStorage until the meeting is deleted, a guest's key in
 * sessionStorage of this tab until the meeting is left.
 */
const PREFIX = "conclave.key.";

/** What the address bar said about the key when this page was opened, by meeting id. */
const damaged = new Set<string>();
const sent = new Set<string>();

function read(storage: Storage, id: string): MeetingKey | undefined {
  const value = storage.getItem(PREFIX + id);
  return isMeetingKey(value) ? value : undefined;
}

export function keepOrganiserKey(id: string, key: MeetingKey): void {
  localStorage.setItem(PREFIX + id, key);
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
