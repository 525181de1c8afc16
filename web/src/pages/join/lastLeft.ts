import type { Credentials } from "../../api/portal";
import { keepLinkKey, keepPersonalToken, organiserKey } from "../../e2ee/keyStore";
import type { MeetingKey } from "../../e2ee/meetingKey";
import { keepPlace } from "./placeStore";

/** A meeting that was left in this page, so that leaving by accident can be undone: in memory only, and not for long. */
interface Left {
  id: string;
  key: MeetingKey;
  credentials: Credentials | undefined;
  place: string | undefined;
  /** Which of the meeting's links the key is of, and the token of a personal one. */
  version?: number;
  personal?: string | undefined;
}

export const REJOIN_MS = 5 * 60_000;

let left: Left | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

export function rememberLeft(meeting: Left): void {
  left = meeting;
  clearTimeout(timer);
  timer = setTimeout(forgetLeft, REJOIN_MS);
}

export function forgetLeft(): void {
  left = undefined;
  clearTimeout(timer);
}

export const lastLeft = (): Left | undefined => left;

/** Gives the link's key and the place back to this tab. @returns the meeting's address */
export function rejoinAddress({ id, key, place, version, personal }: Left): string {
  if (organiserKey(id) !== key) keepLinkKey(id, key, version);
  if (personal !== undefined) keepPersonalToken(id, personal);
  if (place !== undefined) keepPlace(id, place);
  return `/m/${id}`;
}
