import type { RemoteTrackPublication } from "livekit-client";
import {
  type DecryptionState,
  encryptionOf,
  type Person,
  type Phase,
  type ReceivingState,
  type Refusal,
} from "./model";
import { inboundStats } from "./receiverStats";

/**
 * `window.conclaveCall.figures()`: what this browser measured of the running call, for tests and for support.
 * Read only, figures only: no track, no key, no token, no way to act (docs: web/README.md).
 */
interface CallFigures {
  phase: Phase;
  joinMilliseconds: number | null;
  people: { identity: string; self: boolean; encryption: ReceivingState | null }[];
  tracks: TrackFigures[];
  refused: { identity: string; kind: Refusal["kind"] }[];
  dataMessagesIgnored: number;
}

interface TrackFigures {
  identity: string;
  sid: string;
  kind: "audio" | "video";
  source: string;
  encryption: DecryptionState;
  framesDecoded: number;
  framesReceived: number;
  width: number;
  height: number;
  samplesDecoded: number;
  audioLevel: number;
  /** Sum of the squared level over seconds since the audio is played; with `audioSeconds` it gives the level of any interval. */
  audioEnergy: number;
  audioSeconds: number;
}

interface Source {
  joinMs: () => number | undefined;
  phase: () => Phase;
  people: () => readonly Person[];
  refusals: () => readonly Refusal[];
  ignoredData: () => number;
  tracks: () => readonly { publication: RemoteTrackPublication; identity: string; state: DecryptionState }[];
}

declare global {
  interface Window {
    readonly conclaveCall?: { readonly figures: () => Promise<CallFigures> };
  }
}

async function measure(source: Source): Promise<CallFigures> {
  const tracks = await Promise.all(
    source.tracks().map(async ({ publication, identity, state }): Promise<TrackFigures | undefined> => {
      const track = publication.track;
      if (!track) return undefined;
      const counts = await inboundStats(track);
      return {
        identity,
        sid: publication.trackSid,
        kind: track.kind === "video" ? "video" : "audio",
        source: publication.source,
        encryption: state,
        framesDecoded: counts.framesDecoded,
        framesReceived: counts.framesReceived,
        width: counts.width,
        height: counts.height,
        samplesDecoded: counts.samplesDecoded,
        audioLevel: counts.audioLevel,
        audioEnergy: counts.audioEnergy,
        audioSeconds: counts.audioSeconds,
      };
    }),
  );
  return {
    phase: source.phase(),
    joinMilliseconds: source.joinMs() ?? null,
    people: source.people().map((person) => ({
      identity: person.identity,
      self: person.self,
      encryption: encryptionOf(person) ?? null,
    })),
    tracks: tracks.filter((track) => track !== undefined),
    refused: source.refusals().map(({ identity, kind }) => ({ identity, kind })),
    dataMessagesIgnored: source.ignoredData(),
  };
}

export function publishFigures(source: Source): () => void {
  const conclaveCall = Object.freeze({ figures: () => measure(source) });
  Object.defineProperty(window, "conclaveCall", { value: conclaveCall, configurable: true, enumerable: true });
  return () => {
    if (window.conclaveCall === conclaveCall) Reflect.deleteProperty(window, "conclaveCall");
  };
}
