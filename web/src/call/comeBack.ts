import {
  createLocalAudioTrack,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalVideoTrack,
} from "livekit-client";
import { PortalError } from "../api/portal";

/** Half a minute in all: an SFU that was restarted is back within a few seconds. */
const PAUSES_MS = [0, 1000, 2000, 4000, 8000, 15_000] as const;

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** An answer that will be the same the next time: the person has to read it. */
const isFinal = (problem: unknown) =>
  problem instanceof PortalError && problem.status >= 400 && problem.status < 500 && problem.status !== 429;

/**
 * Enters again after a connection was lost for good: with a new ticket, a few times, with growing pauses.
 *
 * @param enter asks for a ticket and connects; undefined when the SFU could not be reached
 * @param wanted whether anybody still waits
 * @throws PortalError when the portal refuses, or the last failure
 */
export async function comeBack<T>(
  enter: () => Promise<T | undefined>,
  wanted: () => boolean,
  wait: (ms: number) => Promise<void> = pause,
): Promise<T | undefined> {
  let last: unknown;
  for (const ms of PAUSES_MS) {
    await wait(ms);
    if (!wanted()) return undefined;
    try {
      const entered = await enter();
      if (entered !== undefined) return entered;
    } catch (problem) {
      if (isFinal(problem)) throw problem;
      last = problem;
    }
  }
  if (last) throw last;
  return undefined;
}

/** What was on when the connection was lost, and on which devices. */
export interface Before {
  microphone: boolean;
  camera: boolean;
  device: (kind: MediaDeviceKind) => string | undefined;
}

/** Opens what was on; a device that is gone stays off. */
export async function openAgain({
  microphone,
  camera,
  device,
}: Before): Promise<(LocalAudioTrack | LocalVideoTrack)[]> {
  const on = (kind: MediaDeviceKind) => {
    const deviceId = device(kind);
    return deviceId ? { deviceId } : {};
  };
  const opened = await Promise.allSettled([
    ...(microphone ? [createLocalAudioTrack(on("audioinput"))] : []),
    ...(camera ? [createLocalVideoTrack(on("videoinput"))] : []),
  ]);
  return opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}
