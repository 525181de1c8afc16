import type { ServerEvent } from "../../api/events";
import { type Place, PortalError } from "../../api/portal";
import { pause } from "../../pause";

/** Whoever is not seen for half a minute is shown as away, so nobody pauses longer than that. */
const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000] as const;

/** Whether the portal knows nothing of the place that it was asked about. */
export const isUnknownPlace = (error: unknown): boolean => error instanceof PortalError && error.status === 404;

const isAway = (error: unknown): error is PortalError =>
  error instanceof PortalError && (error.status === 0 || error.status === 429 || error.status >= 500);

/**
 * Follows a place until it is decided: asked for once, then listened to. A stream that ends is opened again, and what
 * happened in between is asked for; so a proxy that lets no stream through makes it slower and nothing else.
 *
 * @param ask what has become of the place; undefined: it is not known any more
 * @param listen opens the stream, whose events' data are those of an answer
 * @param told the latest answer
 * @param away told each time that the service does not answer
 * @throws PortalError when the portal refuses
 */
export async function watchPlace(
  ask: () => Promise<Place | undefined>,
  listen: () => AsyncIterable<ServerEvent>,
  told: (place: Place | undefined) => void,
  away: (error: PortalError) => void,
  signal: AbortSignal,
  wait: (ms: number, signal: AbortSignal) => Promise<void> = pause,
): Promise<void> {
  let failures = 0;
  let answered = false;
  const decided = (place: Place | undefined) => {
    if (signal.aborted) return true;
    [answered, failures] = [true, 0];
    told(place);
    return place?.state !== "waiting";
  };
  while (!signal.aborted) {
    answered = false;
    try {
      if (decided(await ask())) return;
      for await (const { data } of listen()) if (decided(JSON.parse(data) as Place)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isAway(error) && error instanceof PortalError) throw error;
      failures += 1;
      // A stream that breaks off is no failure of the service; the next question shows whether it answers.
      if (!answered && isAway(error)) away(error);
    }
    await wait(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 1000, signal);
  }
}
