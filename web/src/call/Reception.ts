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
import { heed } from "./cap";
import { type Decryption, judge, type MediaKind, mayShow, type Picture, type Refusal, SMALLEST } from "./model";
import { inbound } from "./receiverStats";

const CHECK_EVERY_MS = 200;
/** 20 ms of Opus at 48 kHz. */
const SAMPLES_PER_PACKET = 960;

const KINDS: Partial<Record<Track.Source, MediaKind>> = {
  [Track.Source.Camera]: "picture",
  [Track.Source.ScreenShare]: "screen",
};

interface Watched {
  publication: RemoteTrackPublication;
  identity: string;
  since: number;
  state: Decryption;
}

/**
 * What others send in one stay. Subscribes only to encrypted publications, and lets a picture be shown and a sound be
 * heard only once it was decrypted with the meeting's key.
 */
export class Reception {
  readonly #room: Room;
  readonly #cap: Cap;
  readonly #changed: () => void;
  readonly #watched = new Map<string, Watched>();
  readonly #refusals = new Map<string, Refusal>();
  readonly #confirmed = new Set<string>();
  readonly #lastError = new Map<string, number>();
  readonly #sounds = new Map<string, HTMLAudioElement>();
  #timer: number | undefined;
  #checking = false;
  /** The publication that is drawn large. */
  #large: string | undefined;

  constructor(room: Room, cap: Cap, changed: () => void) {
    this.#room = room;
    this.#cap = cap;
    this.#changed = changed;
    this.#listen();
  }

  /** Takes what is there, and begins to look whether it is decrypted. */
  start(): void {
    for (const person of this.#room.remoteParticipants.values()) {
      for (const publication of person.trackPublications.values()) {
        if (publication instanceof RemoteTrackPublication) this.#admit(publication, person);
      }
    }
    this.#timer = window.setInterval(() => void this.#check(), CHECK_EVERY_MS);
  }

  stop(): void {
    window.clearInterval(this.#timer);
    this.#sounds.clear();
  }

  get tracks(): readonly Watched[] {
    return [...this.#watched.values()];
  }

  get refusals(): Refusal[] {
    return [...this.#refusals.values()];
  }

  /** Refusals that nobody has confirmed yet. */
  get alarms(): Refusal[] {
    return this.refusals.filter((refusal) => !this.#confirmed.has(refusal.sid));
  }

  confirmAlarms(): void {
    for (const sid of this.#refusals.keys()) this.#confirmed.add(sid);
    this.#changed();
  }

  /** Subscribes again to what could not be decrypted, for the case that the others have changed. */
  checkAgain(): void {
    for (const watched of this.#watched.values()) {
      if (watched.state !== "keyDiffers") continue;
      watched.state = "waiting";
      watched.since = performance.now();
      watched.publication.setSubscribed(true);
    }
    this.#changed();
  }

  /** Says which publication is drawn large; on a short line only this one is asked for in more than the smallest layer. */
  enlarge(sid: string | undefined): void {
    if (this.#large === sid) return;
    this.#large = sid;
    this.#heedCap();
  }

  decryption(sid: string): Decryption {
    return this.#refusals.has(sid) ? "refused" : (this.#watched.get(sid)?.state ?? "waiting");
  }

  picture(who: Participant, source: Track.Source): Picture | undefined {
    const publication = who.getTrackPublication(source);
    if (!publication) return undefined;
    const sid = publication.trackSid;
    const state = who === this.#room.localParticipant ? "encrypted" : this.decryption(sid);
    // A camera that is off has nothing to show, but a refused one keeps its tile: it explains itself.
    if (publication.isMuted && state !== "refused") return undefined;
    // Nor has one that a short line leaves no room for.
    if (state === "waiting" && publication instanceof RemoteTrackPublication && !publication.isDesired)
      return undefined;
    return { sid, state, track: state === "refused" ? undefined : publication.videoTrack };
  }

  #listen(): void {
    this.#room
      .on(RoomEvent.TrackPublished, (publication, person) => this.#admit(publication, person))
      .on(RoomEvent.TrackUnpublished, (publication) => this.#forget(publication.trackSid))
      .on(RoomEvent.TrackSubscribed, (track, publication) => this.#subscribed(track.kind, publication))
      .on(RoomEvent.TrackUnsubscribed, (track, publication) => {
        track.detach();
        this.#sounds.delete(publication.trackSid);
        this.#changed();
      })
      .on(RoomEvent.ParticipantDisconnected, (person) => {
        for (const sid of person.trackPublications.keys()) this.#forget(sid);
      })
      .on(RoomEvent.EncryptionError, (error, person) => {
        const identity = person?.identity ?? (error instanceof CryptorError ? error.participantIdentity : undefined);
        if (identity !== undefined) this.#lastError.set(identity, performance.now());
      });
  }

  #admit(publication: RemoteTrackPublication, person: RemoteParticipant): void {
    const sid = publication.trackSid;
    if (!mayShow(publication.trackInfo?.encryption)) {
      publication.setSubscribed(false);
      this.#refusals.set(sid, {
        sid,
        identity: person.identity,
        name: person.name || person.identity,
        kind: KINDS[publication.source] ?? (publication.kind === Track.Kind.Audio ? "sound" : "picture"),
        at: new Date(),
      });
    } else if (!this.#watched.has(sid)) {
      this.#watched.set(sid, { publication, identity: person.identity, since: performance.now(), state: "waiting" });
      if (publication.kind === Track.Kind.Audio || this.#cap === "full") publication.setSubscribed(true);
      this.#heedCap();
    }
    this.#changed();
  }

  /** Asks for what the cap leaves room for. */
  #heedCap(): void {
    const pictures = [...this.#watched.values()].filter(({ state }) => state !== "keyDiffers");
    heed(
      this.#cap,
      pictures.map(({ publication }) => publication),
      this.#large,
    );
  }

  #subscribed(kind: Track.Kind, publication: RemoteTrackPublication): void {
    const watched = this.#watched.get(publication.trackSid);
    if (!watched || !publication.track) {
      // Somebody else asked for it (the server subscribes nobody by itself): not ours to show.
      publication.setSubscribed(false);
      return;
    }
    watched.since = performance.now();
    this.#heedCap();
    if (watched.state !== "encrypted") watched.state = "waiting";
    if (kind === Track.Kind.Audio) {
      // Silent until it was decrypted: ciphertext taken for sound is noise at full scale.
      const element = publication.track.attach();
      element.muted = true;
      watched.state = "waiting";
      this.#sounds.set(publication.trackSid, element as HTMLAudioElement);
    }
    this.#changed();
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    const now = performance.now();
    let changed = false;
    for (const watched of this.#watched.values()) {
      const track = watched.publication.track;
      if (!track || !(watched.state === "waiting" || watched.state === "checking")) continue;
      const seen = await inbound(track);
      const video = track.kind === Track.Kind.Video;
      const state = judge(video ? "video" : "audio", {
        age: now - watched.since,
        packets: seen.packets,
        decoded: video ? (seen.width >= SMALLEST ? seen.framesDecoded : 0) : seen.samplesDecoded / SAMPLES_PER_PACKET,
        sinceError: now - (this.#lastError.get(watched.identity) ?? Number.NEGATIVE_INFINITY),
      });
      if (state === watched.state) continue;
      watched.state = state;
      changed = true;
      const sound = this.#sounds.get(watched.publication.trackSid);
      if (state === "encrypted" && sound) sound.muted = false;
      // A subscriber without the key asks for key frames for ever, at the cost of everyone else.
      if (state === "keyDiffers") watched.publication.setSubscribed(false);
    }
    this.#checking = false;
    if (changed) this.#changed();
  }

  #forget(sid: string): void {
    this.#watched.delete(sid);
    this.#refusals.delete(sid);
    this.#confirmed.delete(sid);
    this.#sounds.delete(sid);
    this.#heedCap();
    this.#changed();
  }
}
