import { queryOptions } from "@tanstack/react-query";
import { type Place, portal } from "../../api/portal";
import { failureOf } from "./failure";
import type { JoinEvent } from "./machine";

/** Whether a meeting is open, and what guests need. */
export const joinableQuery = (id: string) =>
  queryOptions({ queryKey: ["joinable", id], queryFn: () => portal.joinable(id) });

/**
 * What is known of a meeting before anybody joins: whether it is open and what has become of this tab's place, once it is
 * also known who is signed in.
 *
 * @param version which of the meeting's links this browser has
 */
export async function lookUp(
  meeting: Promise<{ joinable: boolean; link_version?: number }>,
  session: Promise<unknown>,
  place: Promise<Place | undefined> = Promise.resolve(undefined),
  version: number | Promise<number> = 1,
): Promise<JoinEvent<never>> {
  try {
    const [{ joinable, link_version = 1 }, held, , own] = await Promise.all([meeting, place, session, version]);
    // With another key than the others nobody would be seen or heard.
    if (joinable && link_version !== own) return { type: "failed", failure: { show: "page", reason: "linkRenewed" } };
    if (held) return { type: "place", place: held };
    return joinable ? { type: "opened" } : { type: "failed", failure: { show: "page", reason: "notOpen" } };
  } catch (error) {
    return { type: "failed", failure: failureOf(error) };
  }
}
