import type { LocalVideoTrack, RemoteVideoTrack } from "livekit-client";
import type { Cap, Role } from "../api/portal";
import type { Question } from "./attributes";
import type { ModeAnnouncement } from "./modeAnnouncement";
import type { NoiseState } from "./noise/NoiseSuppression";

/** What is known about one track that somebody else publishes. */
export type DecryptionState =
  /** Signalled as encrypted, nothing has arrived: a muted microphone, a tile on another page. */
  | "waiting"
  /** Packets arrive, none is decrypted yet. */
  | "checking"
  /** Decrypted with the meeting's key. */
  | "encrypted"
  /** Packets arrive, but the meeting's key does not decrypt them. */
  | "keyMismatch"
  /** Signalled as unencrypted: never subscribed. */
  | "refused";

export type ReceivingState = Exclude<DecryptionState, "waiting">;

export type MediaKind = "video" | "screen" | "audio";

/** One participant's camera or shared screen. */
export interface VideoFeed {
  sid: string;
  state: DecryptionState;
  track: LocalVideoTrack | RemoteVideoTrack | undefined;
}

export type Quality = "good" | "poor" | "lost";

/** What the portal says somebody is. */
export type PersonKind = "organiser" | "member" | "guest";

/** Whether somebody with this role leads the meeting. */
export const leads = (role: Role): boolean => role !== "participant";

export interface Person {
  identity: string;
  /** As it is seen, with a number where somebody else has the same. */
  name: string;
  kind: PersonKind | undefined;
  role: Role;
  /** Whether the SFU takes audio from this person: not while the floor is closed. */
  maySpeak: boolean;
  /** Whether the SFU takes video of this person's camera, and a shared screen. */
  mayFilm: boolean;
  mayShare: boolean;
  /** Since when the hand is up. */
  hand: Date | undefined;
  self: boolean;
  joinedAt: Date | undefined;
  microphone: boolean;
  /** State of the microphone's track; it is played only once it is "encrypted". */
  audio: DecryptionState | undefined;
  camera: VideoFeed | undefined;
  screen: VideoFeed | undefined;
  /** State of the shared screen's sound, where it has one; as with the microphone. */
  screenAudio: DecryptionState | undefined;
  speaking: boolean;
  quality: Quality;
}

/** An unencrypted track that was not subscribed to: shown as an alarm and listed in the shield. */
export interface Refusal {
  sid: string;
  identity: string;
  name: string;
  kind: MediaKind;
  at: Date;
}

export interface DeviceFailure {
  what: LocalSource | "speaker";
  why: "denied" | "busy" | "missing";
}

export type EndReason = "left" | "gaveUp" | "removed" | "over" | "lost" | "elsewhere" | "isolated" | "mistrusted";
export type Phase = "connecting" | "connected" | "reconnecting" | "ended";
export type LocalSource = "microphone" | "camera" | "screen";

export interface CallState {
  phase: Phase;
  /** Nothing arrives any more, although the library still takes the connection for whole. */
  stalled: boolean;
  ended: EndReason | undefined;
  people: readonly Person[];
  refusals: readonly Refusal[];
  /** Refusals not yet dismissed here. */
  alarms: readonly Refusal[];
  /** What this participant may do here; it changes in the middle of a call. */
  role: Role;
  /** Whether the SFU takes this participant's audio. */
  maySpeak: boolean;
  /** Whether the SFU takes video of this participant's camera. */
  mayFilm: boolean;
  /** Whether this participant may share a screen. */
  mayShare: boolean;
  /** What this participant is sending. */
  sending: Readonly<Record<LocalSource, boolean>>;
  /** The browser plays no audio until somebody clicks. */
  autoplayBlocked: boolean;
  /** Which device could not be used, and why. */
  deviceFailed: DeviceFailure | undefined;
  /** Whether noise is taken out of what this participant says. */
  noise: NoiseState;
  /** What the site's uplink leaves to somebody outside; "full" for everybody else. */
  cap: Cap;
  /** Whether the portal admitted this participant from outside the site. */
  outside: boolean;
  /** The last change of the site's mode that the portal announced in this room. */
  announcement: ModeAnnouncement | undefined;
  /** Names of those removed because they were outside when the site was isolated; empty once dismissed. */
  removedByIsolation: readonly string[];
  /** What an organiser asks this participant, until it is answered. */
  question: Question | undefined;
  /** When the meeting's link ends. */
  closesAt: Date | undefined;
}

export type Shield = "whole" | "partly" | "checking" | "alone";

/** States of the tracks that arrive from somebody. */
function receiving(person: Person): ReceivingState[] {
  return [person.audio, person.camera?.state, person.screen?.state, person.screenAudio].filter(
    (state) => state !== undefined && state !== "waiting",
  );
}

/** A person's worst state; what the tile and the people panel say. */
export function encryptionOf(person: Person): ReceivingState | undefined {
  const states = receiving(person);
  const worst: ReceivingState[] = ["refused", "keyMismatch", "checking", "encrypted"];
  return worst.find((state) => states.includes(state));
}

/** One shield for the call. "whole" is said only when it is true for everything everyone present sends. */
export function shieldOf(people: readonly Person[]): Shield {
  const others = people.filter((person) => !person.self);
  const states = others.flatMap(receiving);
  if (states.includes("refused") || states.includes("keyMismatch")) return "partly";
  if (states.includes("checking")) return "checking";
  return states.length === 0 ? "alone" : "whole";
}

/** Whether the own key is wrong: media arrives from others and none of it can be decrypted. */
export function hasWrongKey(people: readonly Person[]): boolean {
  const states = people.filter((person) => !person.self).flatMap(receiving);
  return states.includes("keyMismatch") && !states.includes("encrypted") && !states.includes("checking");
}

/** What livekit-client has a cryptor for; for anything else it sets none up, and frames would be played as they come. */
const DECRYPTABLE = ["audio/opus", "audio/red", "video/vp8", "video/vp9", "video/av1", "video/h264", "video/h265"];

/** What the server says about a publication (livekit.TrackInfo). */
export interface SignalledTrack {
  encryption: number;
  mimeType: string;
}

/** Whether a track may be subscribed to: only AES-GCM ones of a kind that is decrypted. */
export function maySubscribe(track: SignalledTrack | undefined): boolean {
  const GCM = 1;
  return track?.encryption === GCM && DECRYPTABLE.includes(track.mimeType.toLowerCase());
}

/** What is known of a track since the subscription. */
export interface ReceiverCounts {
  /** Milliseconds since the subscription. */
  age: number;
  /** Packets received, from the receiver's statistics. */
  packets: number;
  /** Frames that the worker has decrypted with the meeting's key. */
  decrypted: number;
  /** Width of the last decoded frame in pixels; 0 for audio. */
  width: number;
  /** Milliseconds since the cryptor's last error about this participant. */
  sinceError: number;
}

/** Time in which frames can slip past a cryptor that is still being set up (measured up to 220 ms). */
const SETTLE_MS = 500;
/** With packets and nothing decrypted for this long, the key does not match. */
const TIMEOUT_MS = 4000;
/** Narrower frames are the 8x8 black ones that the SFU itself injects; they prove nothing about the key. */
const MIN_FRAME_WIDTH = 16;
const MIN_PACKETS = 20;
const MIN_FRAMES = { audio: 3, video: 1 };

/** Judges by what was decrypted, not by what was decoded: a busy browser decodes little, which says nothing about keys. */
export function classifyDecryption(
  kind: "audio" | "video",
  { age, packets, decrypted, width, sinceError }: ReceiverCounts,
): DecryptionState {
  if (packets === 0) return "waiting";
  if (decrypted >= MIN_FRAMES[kind]) {
    const shown = kind === "audio" || width >= MIN_FRAME_WIDTH;
    return shown && age >= SETTLE_MS && sinceError >= SETTLE_MS ? "encrypted" : "checking";
  }
  return decrypted === 0 && packets >= MIN_PACKETS && age >= TIMEOUT_MS ? "keyMismatch" : "checking";
}

/** Pause before a key that did not match is tried again, which costs everyone key frames, after as many tries. */
export const retryPause = (tries: number): number => Math.min(60_000, 5000 * 2 ** tries);
