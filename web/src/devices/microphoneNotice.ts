/** What is to be said about the own microphone. */
export type MicrophoneNotice = "silent" | "mutedTalking";

/** What was heard of one microphone since it was opened, closed or exchanged. */
export interface Hearing {
  /** Anything but silence came from it. */
  heard: boolean;
  /** Milliseconds of silence since then. */
  silentMs: number;
  /** Milliseconds of speech, which run down while nobody speaks. */
  speechMs: number;
  /** Milliseconds for which the notice is still shown. */
  shownMs: number;
  /** Milliseconds before the same is said again. */
  restMs: number;
  notice: MicrophoneNotice | undefined;
}

export const NOTHING_HEARD: Hearing = {
  heard: false,
  silentMs: 0,
  speechMs: 0,
  shownMs: 0,
  restMs: 0,
  notice: undefined,
};

/** Below this no room is: a switch at the device, a cable, or the wrong microphone. */
const SILENCE_DB = -75;
/** Speech from an arm's length; keyboards and paper stay below it. */
const SPEECH_DB = -38;
const SILENT_MS = 8000;
const SPEECH_MS = 600;
const SHOWN_MS = 8000;
const REST_MS = 60_000;

/**
 * Counts one measurement in. An open microphone that hears nothing at all is named once; whoever speaks into a closed one
 * is told so, and then left alone for a while.
 *
 * @param was what was heard before
 * @param decibels mean level since the last measurement, in dBFS
 * @param open whether the microphone is
 * @param ms since the last measurement
 */
export function hear(was: Hearing, decibels: number, open: boolean, ms: number): Hearing {
  const heard = was.heard || decibels > SILENCE_DB;
  if (open) {
    const silentMs = heard ? 0 : was.silentMs + ms;
    return { ...NOTHING_HEARD, heard, silentMs, notice: silentMs >= SILENT_MS ? "silent" : undefined };
  }
  const speechMs = decibels > SPEECH_DB ? was.speechMs + ms : Math.max(0, was.speechMs - ms / 2);
  const shownMs = Math.max(0, was.shownMs - ms);
  const restMs = Math.max(0, was.restMs - ms);
  if (speechMs >= SPEECH_MS && restMs === 0)
    return { heard, silentMs: 0, speechMs: 0, shownMs: SHOWN_MS, restMs: REST_MS, notice: "mutedTalking" };
  return { heard, silentMs: 0, speechMs, shownMs, restMs, notice: shownMs > 0 ? was.notice : undefined };
}
