import {
  CryptorError,
  type Participant,
  type RemoteParticipant,
  RemoteTrackPublication,
  type Room,
  RoomEvent,
  Track,
} from "livekit-client";
import type { Cap } from "../api/portal";
import { applyCap } from "./cap";
import {
  classifyDecryption,
  type DecryptionState,
  type MediaKind,
  MIN_FRAME_WIDTH,
  maySubscribe,
  type Refusal,
  type VideoFeed,
} from "./model";
import { inboundStats } from "./receiverStats";

const CHECK_EVERY_MS = 200;
/** 20 ms of Opus at 48 kHz. */
const SAMPLES_PER_PACKET = 960;

const KINDS: Partial<Record<Track.Source, MediaKind>> = {
  [Track.Source.Camera]: "video",
  [Track.Source.ScreenShare]: "screen",
};

interface Watched {
  publication: RemoteTrackPublication;
  identity: string;
  since: number;
  state: DecryptionState;
}

/**
 * What others send in one call. Subscribes only to encrypted tracks, and lets video be shown and audio be played only
 * once they were decrypted with the meeting's key.
 */
export class RemoteMedia {
  readonly #room: Room;
  readonly #cap: Cap;
  readonly #notify: () => void;
  readonly #watched = new Map<string, Watched>();
  readonly #refusals = new Map<string, Refusal>();
  readonly #dismissed = new Set<string>();
  readonly #lastError = new Map<string, number>();
  readonly #audioElements = new Map<string, HTMLAudioElement>();
  #timer: number | undefined;
  #checking = false;
  /** The track that is shown large. */
  #large: string | undefined;

  constructor(room: Room, cap: Cap, onChange: () => void) {
    this.#room = room;
    this.#cap = cap;
    this.#notify = onChange;
    this.#listen();
  }

  /** Subscribes to what is there, and starts to watch whether it is decrypted. */
  start(): void {
    for (const person of this.#room.remoteParticipants.values()) {
      for (const publication of person.trackPublications.values()) {
        if (publication instanceof RemoteTrackPublication) this.#consider(publication, person);
      }
    }
    this.#timer = window.setInterval(() => void this.#check(), CHECK_EVERY_MS);
  }

  stop(): void {
    window.clearInterval(this.#timer);
    this.#audioElements.clear();
  }

  get tracks(): readonly Watched[] {
    return [...this.#watched.values()];
  }

  get refusals(): Refusal[] {
    return [...this.#refusals.values()];
  }

  /** Refusals not yet dismissed. */
  get alarms(): Refusal[] {
    return this.refusals.filter((refusal) => !this.#dismissed.has(refusal.sid));
  }

  dismissAlarms(): void {
    for (const sid of this.#refusals.keys()) this.#dismissed.add(sid);
    this.#notify();
  }

  /** Subscribes again to what could not be decrypted, in case the others have changed. */
  recheckKeys(): void {
    for (const watched of this.#watched.values()) {
      if (watched.state !== "keyMismatch") continue;
      watched.state = "waiting";
      watched.since = performance.now();
      watched.publication.setSubscribed(true);
    }
    this.#notify();
  }

  /** Says which track is shown large; below a cap only this one is requested in more than the lowest layer. */
  enlarge(sid: string | undefined): void {
    if (this.#large === sid) return;
    this.#large = sid;
    this.#applyCap();
  }

  decryption(sid: string): DecryptionState {
    return this.#refusals.has(sid) ? "refused" : (this.#watched.get(sid)?.state ?? "waiting");
  }

  video(who: Participant, source: Track.Source): VideoFeed | undefined {
    const publication = who.getTrackPublication(source);
    if (!publication) return undefined;
    const sid = publication.trackSid;
    const state = who === this.#room.localParticipant ? "encrypted" : this.decryption(sid);
    // A camera that is off has nothing to show, but a refused one keeps its tile: it explains itself.
    if (publication.isMuted && state !== "refused") return undefined;
    // Nor has one that the cap leaves no room for.
    if (state === "waiting" && publication instanceof RemoteTrackPublication && !publication.isDesired)
      return undefined;
    return { sid, state, track: state === "refused" ? undefined : publication.videoTrack };
  }

  #listen(): void {
    this.#room
      .on(RoomEvent.TrackPublished, (publication, person) => this.#consider(publication, person))
      .on(RoomEvent.TrackUnpublished, (publication) => this.#forget(publication.trackSid))
      .on(RoomEvent.TrackSubscribed, (track, publication) => this.#subscribed(track.kind, publication))
      .on(RoomEvent.TrackUnsubscribed, (track, publication) => {
        track.detach();
        this.#audioElements.delete(publication.trackSid);
        this.#notify();
      })
      .on(RoomEvent.ParticipantDisconnected, (person) => {
        for (const sid of person.trackPublications.keys()) this.#forget(sid);
      })
      .on(RoomEvent.EncryptionError, (error, person) => {
        const identity = person?.identity ?? (error instanceof CryptorError ? error.participantIdentity : undefined);
        if (identity !== undefined) this.#lastError.set(identity, performance.now());
      });
  }

  #consider(publication: RemoteTrackPublication, person: RemoteParticipant): void {
    const sid = publication.trackSid;
    if (!maySubscribe(publication.trackInfo?.encryption)) {
      publication.setSubscribed(false);
      this.#refusals.set(sid, {
        sid,
        identity: person.identity,
        name: person.name || person.identity,
        kind: KINDS[publication.source] ?? (publication.kind === Track.Kind.Audio ? "audio" : "video"),
        at: new Date(),
      });
    } else if (!this.#watched.has(sid)) {
      this.#watched.set(sid, { publication, identity: person.identity, since: performance.now(), state: "waiting" });
      if (publication.kind === Track.Kind.Audio || this.#cap === "full") publication.setSubscribed(true);
      this.#applyCap();
    }
    this.#notify();
  }

  /** Subscribes to what the cap leaves room for. */
  #applyCap(): void {
    const decryptable = [...this.#watched.values()].filter(({ state }) => state !== "keyMismatch");
    applyCap(
      this.#cap,
      decryptable.map(({ publication }) => publication),
      this.#large,
    );
  }

  #subscribed(kind: Track.Kind, publication: RemoteTrackPublication): void {
    const watched = this.#watched.get(publication.trackSid);
    if (!watched || !publication.track) {
      // Not subscribed by this client (the server subscribes nobody by itself): not ours to show.
      publication.setSubscribed(false);
      return;
    }
    watched.since = performance.now();
    this.#applyCap();
    if (watched.state !== "encrypted") watched.state = "waiting";
    if (kind === Track.Kind.Audio) {
      // Muted until it was decrypted: ciphertext decoded as audio is noise at full scale.
      const element = publication.track.attach();
      element.muted = true;
      watched.state = "waiting";
      this.#audioElements.set(publication.trackSid, element as HTMLAudioElement);
    }
    this.#notify();
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    const now = performance.now();
    let changed = false;
    for (const watched of this.#watched.values()) {
      const track = watched.publication.track;
      if (!track || !(watched.state === "waiting" || watched.state === "checking")) continue;
      const counts = await inboundStats(track);
      const video = track.kind === Track.Kind.Video;
      const state = classifyDecryption(video ? "video" : "audio", {
        age: now - watched.since,
        packets: counts.packets,
        decoded: video
          ? counts.width >= MIN_FRAME_WIDTH
            ? counts.framesDecoded
            : 0
          : counts.samplesDecoded / SAMPLES_PER_PACKET,
        sinceError: now - (this.#lastError.get(watched.identity) ?? Number.NEGATIVE_INFINITY),
      });
      if (state === watched.state) continue;
      watched.state = state;
      changed = true;
      const audio = this.#audioElements.get(watched.publication.trackSid);
      if (state === "encrypted" && audio) audio.muted = false;
      // A subscriber without the key requests key frames for ever, at everyone else's cost.
      if (state === "keyMismatch") watched.publication.setSubscribed(false);
    }
    this.#checking = false;
    if (changed) this.#notify();
  }

  #forget(sid: string): void {
    this.#watched.delete(sid);
    this.#refusals.delete(sid);
    this.#dismissed.delete(sid);
    this.#audioElements.delete(sid);
    this.#applyCap();
    this.#notify();
  }
}
