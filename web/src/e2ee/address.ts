import { isMeetingKey, type MeetingKey } from "./meetingKey";

/**
 * What the address of an opened link says, with what happens to links on their way repaired: `#` written as `%23` (mail
 * gateways), `=` as `%3D` or `=3D` (quoted-printable), upper case, and text, quotes or brackets that were taken into the link.
 */
export interface MeetingAddress {
  /** Undefined when no meeting's id can be read from it. */
  id: string | undefined;
  key: { state: "absent" } | { state: "damaged" } | { state: "present"; key: MeetingKey };
  /** The token of a personal link, beside the key. */
  personal?: string | undefined;
  /** Which of the meeting's links it is; without it the first. */
  version?: number | undefined;
  /** Whether the key stood in the part of the address that browsers send to the server. */
  sent: boolean;
}

const ID = /^[A-Za-z0-9_-]{22}$/;
const ID_FIRST = /^([A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])/;
/** Behind the key may follow anything but more of its alphabet; a last `_` or `-` is emphasis, as mail and chats write it. */
const KEY_FIRST = /^(?:3D)?([A-Za-z0-9_-]{43})(?:[_-]*$|[_-]*[^A-Za-z0-9_-])/;
const KEY_NAME = /(?:^|[#&?])\s*k\s*=(.*)$/is;
/** Line breaks with the marks of quoting, and what is invisible, are nobody's text. */
const NOISE = /(?:=?[\r\n]+[> ]*)|[\u00ad\u200b-\u200d\u2060\ufeff]/g;
/** What else stands in the fragment; mail writes the sign before it as `&amp;`. */
const PERSONAL = /[#&?;]\s*p\s*=(?:3D)?([A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])/i;
const VERSION = /[#&?;]\s*v\s*=(?:3D)?([1-9]\d{0,8})(?!\d)/i;
const MEETING_PATH = /^\/m(?:\/+(.*))?$/is;

/** Whether a text can be the id of a meeting; nothing else is ever sent to the portal as one. */
export const isMeetingId = (text: string | undefined): text is string => text !== undefined && ID.test(text);

/** Undoes percent-encoding as often as it was done, a few times at most. */
function decoded(text: string): string {
  let now = text;
  for (let times = 0; times < 3 && now.includes("%"); times += 1) {
    try {
      now = decodeURIComponent(now);
    } catch {
      // A lone percent sign of the text behind the link.
      now = now.replace(/%(?![0-9a-f]{2})/gi, "%25");
    }
  }
  return now;
}

/** Reads `k=<key>`; anything else that names `k` is a damaged link, which people are told. */
export function keyFrom(text: string): MeetingAddress["key"] {
  const value = KEY_NAME.exec(decoded(text).replace(NOISE, ""))?.[1];
  if (value === undefined) return { state: "absent" };
  const key = KEY_FIRST.exec(value.trimStart())?.[1] ?? "";
  return isMeetingKey(key) ? { state: "present", key } : { state: "damaged" };
}

/** Reads the address of a meeting's link; undefined for every other page. */
export function readAddress({ pathname, search, hash }: Pick<Location, "pathname" | "search" | "hash">) {
  const rest = MEETING_PATH.exec(pathname);
  if (!rest) return undefined;
  const path = decoded(rest[1] ?? "").replace(NOISE, "");
  const inFragment = keyFrom(hash);
  const request = `#${/[#&?]/.exec(path) ? path.slice(path.search(/[#&?]/)) : ""}&${search.replace(/^\?/, "")}`;
  const inRequest = keyFrom(request);
  const key = inFragment.state === "present" || inRequest.state === "absent" ? inFragment : inRequest;
  const beside = decoded(key === inFragment ? hash : request).replace(NOISE, "");
  const version = VERSION.exec(beside)?.[1];
  return {
    id: ID_FIRST.exec(path)?.[1],
    key,
    personal: PERSONAL.exec(beside)?.[1],
    version: version === undefined ? undefined : Number(version),
    sent: inRequest.state === "present",
  } satisfies MeetingAddress;
}
