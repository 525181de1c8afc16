import type { LocalVideoTrack, RemoteVideoTrack } from "livekit-client";
import type { Cap } from "../api/portal";
import type { Told } from "./told";

/** What is known about one publication of somebody else. */
export type Decryption =
  /** Signalled as encrypted, nothing has arrived: a microphone that is off, a picture on another page. */
  | "waiting"
  /** Arrives, nothing decrypted yet. */
  | "checking"
  /** Decrypted with the meeting's key. */
  | "encrypted"
  /** Arrives, but the key does not fit. */
  | "keyDiffers"
  /** Signalled as unencrypted: never subscribed. */
  | "refused";

export type Arriving = Exclude<Decryption, "waiting">;

export type MediaKind = "picture" | "screen" | "sound";

export interface Picture {
  sid: string;
  state: Decryption;
  track: LocalVideoTrack | RemoteVideoTrack | undefined;
}

export type Quality = "good" | "poor" | "lost";

export interface Person {
  identity: string;
  name: string;
  self: boolean;
  joinedAt: Date | undefined;
  microphone: boolean;
  /** State of the sound; "checking" until it was decrypted and released. */
  sound: Decryption | undefined;
  camera: Picture | undefined;
  screen: Picture | undefined;
  speaking: boolean;
  quality: Quality;
}

/** One refusal of an unencrypted publication: shown as an alarm and listed in the shield. */
export interface Refusal {
  sid: string;
  identity: string;
  name: string;
  kind: MediaKind;
  at: Date;
}

export type EndReason = "left" | "removed" | "over" | "lost" | "elsewhere" | "isolated";
export type Phase = "connecting" | "connected" | "reconnecting" | "unreachable" | "ended";
export type Own = "microphone" | "camera" | "screen";

export interface CallState {
  phase: Phase;
  ended: EndReason | undefined;
  people: readonly Person[];
  refusals: readonly Refusal[];
  /** Refusals that nobody here has confirmed as read. */
  alarms: readonly Refusal[];
  own: Readonly<Record<Own, boolean>>;
  soundBlocked: boolean;
  deviceFailed: boolean;
  /** What the site's uplink leaves to somebody outside; "full" for everybody else. */
  cap: Cap;
  /** Whether the portal admitted this participant from outside the site. */
  outside: boolean;
  /** What the portal told this room of a switch of the site's mode, last. */
  told: Told | undefined;
  /** Names of those who were outside when the site was isolated, until somebody here has read them. */
  cutOff: readonly string[];
}

export type Shield = "whole" | "partly" | "checking" | "alone";

/** States of what arrives from somebody. */
function decryptions(person: Person): Arriving[] {
  return [person.sound, person.camera?.state, person.screen?.state].filter(
    (state) => state !== undefined && state !== "waiting",
  );
}

/** A person's worst state; what the tile and the people panel say. */
export function encryptionOf(person: Person): Arriving | undefined {
  const states = decryptions(person);
  const worst: Arriving[] = ["refused", "keyDiffers", "checking", "encrypted"];
  return worst.find((state) => states.includes(state));
}

/** One shield for the call. "whole" is said only when it is true for everything everyone present sends. */
export function shieldOf(people: readonly Person[]): Shield {
  const others = people.filter((person) => !person.self);
  const states = others.flatMap(decryptions);
  if (states.includes("refused") || states.includes("keyDiffers")) return "partly";
  if (states.includes("checking")) return "checking";
  return states.length === 0 ? "alone" : "whole";
}

/** The own key is wrong when something arrives from others and nothing of it can be decrypted. */
export function keyDoesNotFit(people: readonly Person[]): boolean {
  const states = people.filter((person) => !person.self).flatMap(decryptions);
  return states.includes("keyDiffers") && !states.includes("encrypted") && !states.includes("checking");
}

/** Only an AES-GCM frame cryptor's publication is subscribed; `encryption` as signalled (livekit.Encryption.Type). */
export function mayShow(encryption: number | undefined): boolean {
  const GCM = 1;
  return encryption === GCM;
}

/** What the receiver's statistics say since the subscription. */
export interface Received {
  /** Milliseconds since the subscription. */
  age: number;
  packets: number;
  /** Decoded frames of at least `SMALLEST` pixels width, or packets' worth of decoded (not concealed) sound. */
  decoded: number;
  /** Milliseconds since the cryptor last complained about this participant. */
  sinceError: number;
}

/** Time in which frames can slip past a cryptor that is still being set up (measured up to 220 ms). */
export const SETTLE_MS = 500;
/** After this long with packets and nothing decoded the key does not fit. */
export const PATIENCE_MS = 4000;
/** Narrower frames are the 8x8 black ones that the SFU itself puts in; they prove nothing about the key. */
export const SMALLEST = 16;
const ENOUGH_PACKETS = 20;
/** The SFU puts in silence too, but never as much as somebody with the right key sends. */
const MOST = 0.5;
const FEW_PACKETS = 3;

/** Judges sound by the share of packets that became sound, pictures by real frames. */
export function judge(kind: "audio" | "video", { age, packets, decoded, sinceError }: Received): Decryption {
  if (packets === 0) return "waiting";
  const fits = kind === "video" ? decoded > 0 : packets >= FEW_PACKETS && decoded >= packets * MOST;
  if (fits) return age >= SETTLE_MS && sinceError >= SETTLE_MS ? "encrypted" : "checking";
  return packets >= ENOUGH_PACKETS && age >= PATIENCE_MS ? "keyDiffers" : "checking";
}
