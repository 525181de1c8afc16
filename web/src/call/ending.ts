import { DisconnectReason } from "livekit-client";
import type { EndReason } from "./model";

/** Not here: CLIENT_INITIATED. The library also reports it when the page is reloaded or suspended, which is not leaving. */
const REASONS: Partial<Record<DisconnectReason, EndReason>> = {
  [DisconnectReason.PARTICIPANT_REMOVED]: "removed",
  [DisconnectReason.ROOM_DELETED]: "over",
  [DisconnectReason.ROOM_CLOSED]: "over",
  [DisconnectReason.DUPLICATE_IDENTITY]: "elsewhere",
};

/** Longer than the library tries to reconnect, and than the portal takes to notice a token that is used twice. */
const TOKEN_REUSE_MS = 60_000;

interface DisconnectContext {
  /** Milliseconds since the connection was last interrupted; infinite: never. */
  sinceInterruption: number;
  /** The isolation of the site was announced, and this participant is outside. */
  isolated: boolean;
}

/**
 * Why a call ended for this participant. After an interruption the library reconnects with its old token, which is good
 * for one entry only: being removed for that counts as a lost connection, and a new token is requested.
 */
export function endReason(
  reason: DisconnectReason | undefined,
  { sinceInterruption, isolated }: DisconnectContext,
): EndReason {
  const known = reason === undefined ? undefined : REASONS[reason];
  if (isolated && known !== "over" && known !== "elsewhere") return "isolated";
  if (known === "removed" && sinceInterruption < TOKEN_REUSE_MS) return "lost";
  return known ?? "lost";
}
