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

interface LinkParts {
  /** Which of the meeting's links it is, from 1. */
  version?: number | undefined;
  /** The token that makes it the link of one person. */
  personal?: string | undefined;
}

/** All that follows the `#` stays in browsers: key, token and version are in nobody's log. */
export function meetingLink(origin: string, id: string, key: MeetingKey, { version = 1, personal }: LinkParts = {}) {
  const beside = `${version > 1 ? `&v=${version}` : ""}${personal === undefined ? "" : `&p=${personal}`}`;
  return `${origin}/m/${encodeURIComponent(id)}#k=${key}${beside}`;
}
