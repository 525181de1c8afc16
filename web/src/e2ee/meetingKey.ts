/** The end-to-end key of a meeting: 32 random bytes, base64url without padding, in the link's fragment. */

const KEY_BYTES = 32;
const PATTERN = /^[A-Za-z0-9_-]{43}$/;

export type MeetingKey = string & { readonly __meetingKey: unique symbol };

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

export function meetingLink(origin: string, id: string, key: MeetingKey): string {
  return `${origin}/m/${encodeURIComponent(id)}#k=${key}`;
}
