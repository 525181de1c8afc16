import { isMeetingKey, keyFromFragment, type MeetingKey } from "./meetingKey";

/**
 * Where keys live in this browser (docs/decisions/where-the-browser-keeps-keys.md):
 * an organiser's keys in localStorage until the meeting is deleted, a guest's key in
 * sessionStorage of this tab until the meeting is left.
 */
const PREFIX = "conclave.key.";

/** What the address bar said about the key when this page was opened, by meeting id. */
const damaged = new Set<string>();

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

/** The key to join with: the one of the link that was opened in this tab, else the organiser's own. */
export function meetingKey(id: string): MeetingKey | undefined {
  return read(sessionStorage, id) ?? organiserKey(id);
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
  const id = /^\/m\/([^/]+)\/?$/.exec(location.pathname)?.[1];
  if (id === undefined || location.hash === "") return;
  const found = keyFromFragment(location.hash);
  if (found.state === "present") {
    sessionStorage.setItem(PREFIX + decodeURIComponent(id), found.key);
    damaged.delete(decodeURIComponent(id));
  } else if (found.state === "damaged") {
    forgetLinkKey(decodeURIComponent(id));
    damaged.add(decodeURIComponent(id));
  }
  history.replaceState(history.state, "", location.pathname + location.search);
}
