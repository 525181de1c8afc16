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
import type { Encryption } from "../e2ee/encryptionWorker";
import { applyCap, mayHear } from "./cap";
import {
  classifyDecryption,
  type DecryptionState,
  type MediaKind,
  maySubscribe,
  type Refusal,
  retryPause,
  type VideoFeed,
} from "./model";
import { visibleName } from "./names";
import { inboundStats } from "./receiverStats";

const CHECK_EVERY_MS = 200;

const KINDS: Partial<Record<Track.Source, MediaKind>> = {
  [Track.Source.Camera]: "video",
  [Track.Source.ScreenShare]: "screen",
};

interface Watched {
  publication: RemoteTrackPublication;
  identity: string;
  since: number;
  state: DecryptionState;
  /** How often nothing of it could be decrypted, and when that was last. */
  failures: number;
  failedAt: number;
}

/**
 * What others send in one call. Subscribes only to encrypted tracks, and lets video be shown and audio be played only
 * once they were decrypted with the meeting's key.
 */
export class RemoteMedia {
  readonly #room: Room;
  readonly #cap: Cap;
  readonly #notify: () => void;
  readonly #encryption: Pick<Encryption, "decrypted" | "forget">;
  readonly #watched = new Map<string, Watched>();
  readonly #refusals = new Map<string, Refusal>();
  readonly #dismissed = new Set<string>();
  readonly #lastError = new Map<string, number>();
  readonly #audioElements = new Map<string, HTMLAudioElement>();
  #timer: number | undefined;
  #checking = false;
  /** The track that is shown large. */
  #large: string | undefined;

  constructor(room: Room, cap: Cap, encryption: Pick<Encryption, "decrypted" | "forget">, onChange: () => void) {
    this.#room = room;
    this.#cap = cap;
    this.#encryption = encryption;
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
      if (watched.failures === 0) continue;
      watched.failures = 0;
      if (watched.state === "keyMismatch") this.#retry(watched);
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
    if (this.#refusals.has(sid)) return "refused";
    const watched = this.#watched.get(sid);
    if (!watched) return "waiting";
    if (watched.failures === 0 || watched.state === "encrypted") return watched.state;
    // Whoever is decrypted elsewhere has the key: something else is wrong with this track, and it is tried again.
    const others = [...this.#watched.values()].filter(({ identity }) => identity === watched.identity);
    return others.some(({ state }) => state === "encrypted") ? "checking" : "keyMismatch";
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
        const watched = this.#watched.get(publication.trackSid);
        if (watched && watched.state !== "keyMismatch") watched.state = "waiting";
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
    if (!maySubscribe(publication.trackInfo)) {
      this.#refuse(publication, person);
    } else if (!this.#watched.has(sid)) {
      const { identity } = person;
      const since = performance.now();
      this.#watched.set(sid, { publication, identity, since, state: "waiting", failures: 0, failedAt: 0 });
      const audio = publication.kind === Track.Kind.Audio;
      if (audio ? mayHear(this.#cap, publication.source) : this.#cap === "full") publication.setSubscribed(true);
      this.#applyCap();
    }
    this.#notify();
  }

  #refuse(publication: RemoteTrackPublication, person: Pick<RemoteParticipant, "identity" | "name">): void {
    const sid = publication.trackSid;
    this.#silence(sid);
    this.#watched.delete(sid);
    publication.setSubscribed(false);
    this.#refusals.set(sid, {
      sid,
      identity: person.identity,
      name: visibleName(person.name, person.identity),
      kind: KINDS[publication.source] ?? (publication.kind === Track.Kind.Audio ? "audio" : "video"),
      at: new Date(),
    });
  }

  #silence(sid: string): void {
    const audio = this.#audioElements.get(sid);
    if (audio) audio.muted = true;
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
    this.#encryption.forget(publication.track.mediaStreamID);
    // A new subscription may be another receiver: nothing that was seen before counts.
    watched.state = "waiting";
    this.#applyCap();
    if (kind === Track.Kind.Audio) {
      // Muted until it was decrypted: ciphertext decoded as audio is noise at full scale.
      const element = publication.track.attach();
      element.muted = true;
      this.#audioElements.set(publication.trackSid, element as HTMLAudioElement);
    }
    this.#notify();
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    let changed = false;
    for (const watched of [...this.#watched.values()]) changed = (await this.#judge(watched)) || changed;
    this.#checking = false;
    if (changed) this.#notify();
  }

  /** Judges one track anew; whether that changed anything. */
  async #judge(watched: Watched): Promise<boolean> {
    const { publication, identity } = watched;
    if (!maySubscribe(publication.trackInfo)) {
      const person = this.#room.remoteParticipants.get(identity);
      this.#refuse(publication, person ?? { identity, name: identity });
      return true;
    }
    const now = performance.now();
    if (watched.state === "keyMismatch" && now - watched.failedAt >= retryPause(watched.failures - 1))
      this.#retry(watched);
    const { track } = publication;
    if (!track || !(watched.state === "waiting" || watched.state === "checking")) return false;
    const counts = await inboundStats(track);
    const state = classifyDecryption(track.kind === Track.Kind.Video ? "video" : "audio", {
      age: now - watched.since,
      packets: counts.packets,
      decrypted: this.#encryption.decrypted(track.mediaStreamID),
      width: counts.framesDecoded > 0 ? counts.width : 0,
      sinceError: now - (this.#lastError.get(identity) ?? Number.NEGATIVE_INFINITY),
    });
    // It may have gone or been subscribed to again while the statistics were read.
    if (publication.track !== track || this.#watched.get(publication.trackSid) !== watched) return false;
    if (state === watched.state) return false;
    watched.state = state;
    const audio = this.#audioElements.get(publication.trackSid);
    if (state === "encrypted") {
      watched.failures = 0;
      if (audio) audio.muted = false;
    }
    if (state === "keyMismatch") {
      watched.failures += 1;
      watched.failedAt = performance.now();
      // A subscriber without the key requests key frames for ever, at everyone else's cost.
      publication.setSubscribed(false);
    }
    return true;
  }

  #retry(watched: Watched): void {
    watched.state = "waiting";
    watched.since = performance.now();
    watched.publication.setSubscribed(true);
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
