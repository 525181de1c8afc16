import type { Room } from "livekit-client";
import { statsEntriesOf } from "../devices/rtcStats";

const LOOK_EVERY_MS = 500;
/** STUN alone brings something every 2.5 s. The library itself notices a cut after 10 to 15 s only. */
const SILENT_LOOKS = 8;

/**
 * Counts how often in a row nothing has arrived. A page that is busy looks less often, so it does not take its own sleep
 * for a cut.
 */
export class Silence {
  #bytes: number | undefined;
  #looks = 0;

  /** @param bytes received since the connection was made; undefined when that is not known */
  look(bytes: number | undefined): boolean {
    const same = bytes !== undefined && bytes === this.#bytes;
    this.#looks = same ? this.#looks + 1 : 0;
    this.#bytes = bytes;
    return this.#looks >= SILENT_LOOKS;
  }
}

/** Bytes that the media connection has received, whatever they were. */
async function received(room: Room): Promise<number | undefined> {
  const transports = room.engine?.pcManager;
  const entries = statsEntriesOf(await (transports?.subscriber ?? transports?.publisher)?.getStats());
  const pairs = entries.filter((entry) => entry.type === "candidate-pair");
  if (pairs.length === 0) return undefined;
  return pairs.reduce(
    (sum, pair) => sum + Number(pair["bytesReceived"] ?? 0) + Number(pair["responsesReceived"] ?? 0),
    0,
  );
}

/** Says, within five seconds, when nothing arrives any more, and when something does again. */
export function watchStall(room: Room, onChange: (stalled: boolean) => void): () => void {
  const silence = new Silence();
  let stalled = false;
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void received(room)
      .catch(() => undefined)
      .then((bytes) => {
        looking = false;
        const now = silence.look(bytes);
        if (now === stalled) return;
        stalled = now;
        onChange(now);
      });
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
