import {
  createLocalAudioTrack,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalVideoTrack,
  VideoPresets,
} from "livekit-client";
import { PortalError } from "../api/portal";
import { openChosen } from "../devices/choices";

/** Half a minute in all: an SFU that was restarted is back within a few seconds. */
const DELAYS_MS = [0, 1000, 2000, 4000, 8000, 15_000] as const;
/** Five minutes in all: a portal or a database on a busy host takes that long, and whoever waits is told so. */
const PATIENT_DELAYS_MS = [...DELAYS_MS, ...Array<number>(18).fill(15_000)] as const;

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Whether trying again is pointless: the portal refused, and not because of too many attempts. */
const isFinal = (error: unknown) =>
  error instanceof PortalError && error.status >= 400 && error.status < 500 && error.status !== 429;

/**
 * Joins, once after each delay.
 *
 * @param failed told each failure; what it throws ends the attempts
 * @returns undefined when nobody waits any more
 * @throws what `failed` throws; otherwise the last failure
 */
async function attempt<T>(
  delays: readonly number[],
  join: () => Promise<T>,
  wanted: () => boolean,
  failed: (error: unknown) => void,
  delay: (ms: number) => Promise<void>,
): Promise<T | undefined> {
  let last: unknown;
  for (const ms of delays) {
    await delay(ms);
    if (!wanted()) return undefined;
    try {
      return await join();
    } catch (error) {
      failed(error);
      last = error;
    }
  }
  throw last;
}

/**
 * Joins again after the connection was lost, with a new token each time, a few times with growing delays.
 *
 * @param join requests a token and connects
 * @param wanted whether anybody still waits
 * @returns undefined when nobody waits any more
 * @throws PortalError when the portal refuses; otherwise the last failure
 */
export function rejoin<T>(
  join: () => Promise<T>,
  wanted: () => boolean,
  delay: (ms: number) => Promise<void> = sleep,
): Promise<T | undefined> {
  const failed = (error: unknown) => {
    if (isFinal(error)) throw error;
  };
  return attempt(DELAYS_MS, join, wanted, failed, delay);
}

/** Whether nobody refused: the portal, or a server that it needs, does not answer. */
const isAway = (error: unknown): error is PortalError =>
  error instanceof PortalError && [0, 502, 503, 504].includes(error.status);

/**
 * Joins for the first time; while the service is away it is asked again, for minutes.
 *
 * @param join requests a token and connects
 * @param wanted whether anybody still waits
 * @param onWaiting told each time that the service is away
 * @returns undefined when nobody waits any more
 * @throws whatever else keeps somebody out; the last PortalError when the service stays away
 */
export function joinWhenBack<T>(
  join: () => Promise<T>,
  wanted: () => boolean,
  onWaiting: (error: PortalError) => void,
  delay: (ms: number) => Promise<void> = sleep,
): Promise<T | undefined> {
  const failed = (error: unknown) => {
    if (!isAway(error)) throw error;
    onWaiting(error);
  };
  return attempt(PATIENT_DELAYS_MS, join, wanted, failed, delay);
}

/** What was switched on when the connection was lost, and on which devices. */
export interface PreviousMedia {
  microphone: boolean;
  camera: boolean;
  device: (kind: MediaDeviceKind) => string | undefined;
}

/** Opens what was switched on; a device that is gone stays off. */
export async function reopenTracks({
  microphone,
  camera,
  device,
}: PreviousMedia): Promise<(LocalAudioTrack | LocalVideoTrack)[]> {
  const opened = await Promise.allSettled([
    ...(microphone
      ? [openChosen(device("audioinput"), (deviceId) => createLocalAudioTrack(deviceId ? { deviceId } : {}))]
      : []),
    ...(camera
      ? [
          openChosen(device("videoinput"), (deviceId) =>
            createLocalVideoTrack({ resolution: VideoPresets.h540.resolution, ...(deviceId ? { deviceId } : {}) }),
          ),
        ]
      : []),
  ]);
  return opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}
