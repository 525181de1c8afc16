/** The end-to-end key of a meeting: 32 random bytes, base64url without padding, in the link's fragment. */

const KEY_BYTES = 32;
const PATTERN = /^[A-Za-z0-9_-]{43}$/;

export type MeetingKey = string & { readonly __meetingKey: unique symbol };

export type FragmentKey = { state: "absent" } | { state: "damaged" } | { state: "present"; key: MeetingKey };

export function newMeetingKey(): MeetingKey {
  const raw = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return btoa(String.fromCharCode(...raw))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "") as MeetingKey;
}

export function isMeetingKey(text: unknown): text is MeetingKey {
  return typeof text === "string" && PATTERN.test(text) && keyBytes(text as MeetingKey).byteLength === KEY_BYTES;
}

export function keyBytes(key: MeetingKey): ArrayBuffer {
  const binary = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer;
}

/** Reads `#k=<key>`; anything else that names `k` is a damaged link, which people are told. */
export function keyFromFragment(fragment: string): FragmentKey {
  const value = new URLSearchParams(fragment.replace(/^#/, "")).get("k");
  if (value === null) return { state: "absent" };
  // Mail programs add a dot or a bracket when a link ends a sentence.
  const key = value.replace(/[.,;:)>\]]+$/, "");
  return isMeetingKey(key) ? { state: "present", key } : { state: "damaged" };
}

export function meetingLink(origin: string, id: string, key: MeetingKey): string {
  return `${origin}/m/${encodeURIComponent(id)}#k=${key}`;
}
