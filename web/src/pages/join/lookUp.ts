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
 */
export async function lookUp(
  meeting: Promise<{ joinable: boolean }>,
  session: Promise<unknown>,
  place: Promise<Place | undefined> = Promise.resolve(undefined),
): Promise<JoinEvent<never>> {
  try {
    const [{ joinable }, held] = await Promise.all([meeting, place, session]);
    if (held) return { type: "place", place: held };
    return joinable ? { type: "opened" } : { type: "failed", failure: { show: "page", reason: "notOpen" } };
  } catch (error) {
    return { type: "failed", failure: failureOf(error) };
  }
}
