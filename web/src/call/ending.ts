import { DisconnectReason } from "livekit-client";
import type { EndReason } from "./model";

/** Not here: CLIENT_INITIATED. The library also says so when the page is reloaded or put to sleep, which nobody calls leaving. */
const ENDS: Partial<Record<DisconnectReason, EndReason>> = {
  [DisconnectReason.PARTICIPANT_REMOVED]: "removed",
  [DisconnectReason.ROOM_DELETED]: "over",
  [DisconnectReason.ROOM_CLOSED]: "over",
  [DisconnectReason.DUPLICATE_IDENTITY]: "elsewhere",
};

/** Longer than the library tries to come back, and than the portal needs to judge. */
export const SHAKEN_MS = 60_000;

interface Circumstances {
  /** Milliseconds since the connection last broke down; infinite: never. */
  sinceShaken: number;
  /** The room was told that the site is isolated, and this participant is outside. */
  cutOff: boolean;
}

/**
 * Why a stay ended. A connection that breaks down comes back with the ticket it has, which is good for one entry only:
 * being sent out for that is a loss, and another ticket is asked for.
 */
export function endReason(reason: DisconnectReason | undefined, { sinceShaken, cutOff }: Circumstances): EndReason {
  const known = reason === undefined ? undefined : ENDS[reason];
  if (cutOff && known !== "over" && known !== "elsewhere") return "isolated";
  if (known === "removed" && sinceShaken < SHAKEN_MS) return "lost";
  return known ?? "lost";
}
