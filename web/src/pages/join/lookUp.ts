import { failureOf } from "./failure";
import type { JoinEvent } from "./machine";

/** What is known of a meeting before anybody joins: whether it is open, once it is also known who is signed in. */
export async function lookUp(
  meeting: Promise<{ joinable: boolean }>,
  session: Promise<unknown>,
): Promise<JoinEvent<never>> {
  try {
    const [{ joinable }] = await Promise.all([meeting, session]);
    return joinable ? { type: "opened" } : { type: "failed", failure: { show: "page", reason: "notOpen" } };
  } catch (error) {
    return { type: "failed", failure: failureOf(error) };
  }
}
