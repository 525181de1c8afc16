import { endOf, type Meeting } from "../api/portal";
import type { Catalogue } from "../i18n/en";
import type { useTime } from "../i18n/time";

/**
 * What somebody is sent: two messages that travel on two ways, so that whoever reads one of them cannot come in.
 * Copied by hand today; mail and calendar are other ways for the same two.
 */
export interface Invitation {
  /** Title, time and link. */
  message: string;
  /** Whether there is a second one, with the PIN, which is fetched when it is sent. */
  needsPin: boolean;
}

/** @param guests who comes in without an account, by the level's rule */
export function invitationTo(
  meeting: Meeting,
  link: string,
  guests: string | undefined,
  { people }: Catalogue,
  time: ReturnType<typeof useTime>,
): Invitation {
  const starts = new Date(meeting.starts_at);
  const hours = `${time.clock(starts)}–${time.clock(endOf(meeting))}`;
  const needsPin = guests === "link_and_pin";
  const when = `${time.longDay(starts)}, ${hours} (${time.zone(starts)})`;
  return { message: people.invitation(meeting.title, when, link, needsPin), needsPin };
}
