import type { ServerEvent } from "../../api/events";
import { PortalError, type RoomState } from "../../api/portal";
import { pause } from "../../pause";

const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000] as const;

/**
 * Follows a meeting as those see it who lead it, until it is over or aborted, or until the portal refuses. A stream that
 * breaks off is opened again; it begins with how things stand.
 *
 * @param listen opens the stream
 * @param told how things stand now
 */
export async function followRoom(
  listen: () => AsyncIterable<ServerEvent>,
  told: (room: RoomState) => void,
  signal: AbortSignal,
  wait: (ms: number, signal: AbortSignal) => Promise<void> = pause,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const { event, data } of listen()) {
        if (signal.aborted || event === "over") return;
        failures = 0;
        if (event === "room") told(JSON.parse(data) as RoomState);
      }
    } catch (error) {
      if (error instanceof PortalError && [401, 403, 404, 410].includes(error.status)) return;
    }
    await wait(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 1000, signal);
    failures += 1;
  }
}
