import {
  ConnectionQuality,
  ConnectionState,
  CryptorError,
  type LocalAudioTrack,
  type LocalTrackPublication,
  type LocalVideoTrack,
  type Participant,
  type RemoteParticipant,
  RemoteTrackPublication,
  Room,
  RoomEvent,
  Track,
} from "livekit-client";
import type { Cap } from "../api/portal";
import { failClosedWorker } from "../e2ee/failClosedWorker";
import type { MeetingKey } from "../e2ee/meetingKey";
import { SharedKeyProvider } from "../e2ee/SharedKeyProvider";
import { camera, heed, maySend } from "./cap";
import type { Before } from "./comeBack";
import { endReason } from "./ending";
import { publishFigures } from "./figures";
import {
  type CallState,
  type Decryption,
  type EndReason,
  judge,
  type MediaKind,
  mayShow,
  type Own,
  type Person,
  type Picture,
  type Quality,
  type Refusal,
  SMALLEST,
} from "./model";
import { inbound } from "./receiverStats";
import { type Told, toldBy } from "./told";
import "../silence";

const CHECK_EVERY_MS = 200;
/** 20 ms of Opus at 48 kHz. */
const SAMPLES_PER_PACKET = 960;

interface Watched {
  publication: RemoteTrackPublication;
  identity: string;
  since: number;
  state: Decryption;
}

const KINDS: Partial<Record<Track.Source, MediaKind>> = {
  [Track.Source.Camera]: "picture",
  [Track.Source.ScreenShare]: "screen",
};

const isOutside = (who: Participant) => who.attributes["place"] === "outside";

export interface Admitted {
  url: string;
  token: string;
  cap: Cap;
}

/**
 * One stay in one meeting. Subscribes only to encrypted publications, shows a picture and plays a sound only
 * once it was decrypted with the meeting's key, and tells React what to draw.
 */
export class CallSession {
  readonly room: Room;
  readonly cap: Cap;
  readonly #admitted: Admitted;
  readonly #worker = failClosedWorker();
  readonly #keys = new SharedKeyProvider();
  readonly #listeners = new Set<() => void>();
  readonly #watched = new Map<string, Watched>();
  readonly #refusals = new Map<string, Refusal>();
  readonly #confirmed = new Set<string>();
  readonly #lastError = new Map<string, number>();
  readonly #sounds = new Map<string, HTMLAudioElement>();
  readonly #unpublishFigures: () => void;
  #state: CallState;
  #phase: CallState["phase"] = "connecting";
  #ended: EndReason | undefined;
  #deviceFailed = false;
  #joinStarted = 0;
  #joinMs: number | undefined;
  #timer: number | undefined;
  #checking = false;
  #refusedData = 0;
  #shakenAt = Number.NEGATIVE_INFINITY;
  #told: Told | undefined;
  #cutOff: string[] = [];
  /** What this person wants to be on, whatever the connection does. */
  readonly #wanted = { microphone: false, camera: false };
  /** The publication that is drawn large. */
  #large: string | undefined;

  constructor(admitted: Admitted, speaker: string | undefined) {
    this.#admitted = admitted;
    this.cap = admitted.cap;
    this.room = new Room({
      encryption: { keyProvider: this.#keys, worker: this.#worker },
      adaptiveStream: true,
      dynacast: true,
      ...camera(admitted.cap),
      ...(speaker ? { audioOutput: { deviceId: speaker } } : {}),
    });
    this.#listen();
    this.#state = this.#look();
    this.#unpublishFigures = publishFigures({
      joinMs: () => this.#joinMs,
      phase: () => this.#phase,
      people: () => this.#state.people,
      refusals: () => [...this.#refusals.values()],
      refusedData: () => this.#refusedData,
      tracks: () => [...this.#watched.values()],
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): CallState => this.#state;

  /** Joins and publishes `tracks` (from the device check); the ticket must be fresh, it lives about a minute. */
  async join(key: MeetingKey, tracks: readonly (LocalAudioTrack | LocalVideoTrack)[]): Promise<void> {
    this.#joinStarted = performance.now();
    this.#wanted.microphone = tracks.some((track) => track.kind === Track.Kind.Audio && !track.isMuted);
    this.#wanted.camera = tracks.some((track) => track.kind === Track.Kind.Video);
    try {
      await this.#keys.use(key);
      await this.room.setE2EEEnabled(true);
      await this.room.connect(this.#admitted.url, this.#admitted.token, { autoSubscribe: false });
    } catch {
      for (const track of tracks) track.stop();
      this.#become("unreachable");
      this.#stop();
      return;
    }
    for (const person of this.room.remoteParticipants.values()) {
      for (const publication of person.trackPublications.values()) {
        if (publication instanceof RemoteTrackPublication) this.#admit(publication, person);
      }
    }
    this.#joinMs = Math.round(performance.now() - this.#joinStarted);
    this.#timer = window.setInterval(() => void this.#check(), CHECK_EVERY_MS);
    this.#become("connected");
    await Promise.all(tracks.map((track) => this.#publish(track)));
    this.#changed();
  }

  async leave(): Promise<void> {
    this.#end("left");
    await this.room.disconnect(true);
  }

  readonly toggle = async (what: Own): Promise<void> => {
    if (what !== "microphone" && !maySend(this.cap)[what]) return;
    const me = this.room.localParticipant;
    const on = !this.#state.own[what];
    try {
      if (what === "microphone") await me.setMicrophoneEnabled(on);
      else if (what === "camera") await me.setCameraEnabled(on);
      else await me.setScreenShareEnabled(on, { audio: false, selfBrowserSurface: "exclude", contentHint: "detail" });
      if (what !== "screen") this.#wanted[what] = on;
      this.#deviceFailed = false;
    } catch (problem) {
      // Closing the browser's own chooser is an answer, not a failure.
      const declined = what === "screen" && problem instanceof Error && problem.name === "NotAllowedError";
      this.#deviceFailed = !declined;
    }
    this.#changed();
  };

  async setMicrophone(on: boolean): Promise<void> {
    if (this.#state.own.microphone !== on) await this.toggle("microphone");
  }

  async switchDevice(kind: MediaDeviceKind, deviceId: string): Promise<void> {
    try {
      await this.room.switchActiveDevice(kind, deviceId);
      this.#deviceFailed = false;
    } catch {
      this.#deviceFailed = true;
    }
    this.#changed();
  }

  /** For whoever comes back: what was on, and where. */
  before(): Before {
    return { ...this.#wanted, device: (kind) => this.room.getActiveDevice(kind) };
  }

  readonly startSound = async (): Promise<void> => {
    await this.room.startAudio();
    this.#changed();
  };

  readonly confirmAlarms = (): void => {
    for (const sid of this.#refusals.keys()) this.#confirmed.add(sid);
    this.#changed();
  };

  readonly confirmCutOff = (): void => {
    this.#cutOff = [];
    this.#changed();
  };

  /** Subscribes again to what could not be decrypted, for the case that the others have changed. */
  readonly checkAgain = (): void => {
    for (const watched of this.#watched.values()) {
      if (watched.state !== "keyDiffers") continue;
      watched.state = "waiting";
      watched.since = performance.now();
      watched.publication.setSubscribed(true);
    }
    this.#changed();
  };

  /** Says which publication is drawn large; on a short line only this one is asked for in more than the smallest layer. */
  readonly enlarge = (sid: string | undefined): void => {
    if (this.#large === sid) return;
    this.#large = sid;
    this.#heedCap();
  };

  #listen(): void {
    const changed = () => this.#changed();
    this.room
      .on(RoomEvent.TrackPublished, (publication, person) => this.#admit(publication, person))
      .on(RoomEvent.TrackUnpublished, (publication) => this.#forget(publication.trackSid))
      .on(RoomEvent.TrackSubscribed, (track, publication) => this.#subscribed(track.kind, publication))
      .on(RoomEvent.TrackUnsubscribed, (track, publication) => {
        track.detach();
        this.#sounds.delete(publication.trackSid);
        changed();
      })
      .on(RoomEvent.EncryptionError, (error, person) => {
        const identity = person?.identity ?? (error instanceof CryptorError ? error.participantIdentity : undefined);
        if (identity !== undefined) this.#lastError.set(identity, performance.now());
      })
      .on(RoomEvent.DataReceived, () => {
        // No feature of this client uses data messages yet, so none is read; the figures say how many came.
        this.#refusedData += 1;
      })
      .on(RoomEvent.RoomMetadataChanged, (metadata) => {
        // Changes only: what a room was told before this entry, the portal has said better since.
        this.#hear(toldBy(metadata));
      })
      .on(RoomEvent.ParticipantConnected, changed)
      .on(RoomEvent.ParticipantDisconnected, (person) => {
        for (const sid of person.trackPublications.keys()) this.#forget(sid);
        changed();
      })
      .on(RoomEvent.ParticipantNameChanged, changed)
      .on(RoomEvent.ActiveSpeakersChanged, changed)
      .on(RoomEvent.ConnectionQualityChanged, changed)
      .on(RoomEvent.TrackMuted, changed)
      .on(RoomEvent.TrackUnmuted, changed)
      .on(RoomEvent.LocalTrackPublished, changed)
      .on(RoomEvent.LocalTrackUnpublished, changed)
      .on(RoomEvent.AudioPlaybackStatusChanged, changed)
      .on(RoomEvent.MediaDevicesChanged, changed)
      .on(RoomEvent.ConnectionStateChanged, (state) => {
        if (this.#phase === "ended" || this.#phase === "unreachable" || this.#joinMs === undefined) return;
        if (state === ConnectionState.Connected) this.#become("connected");
        if (state === ConnectionState.Reconnecting || state === ConnectionState.SignalReconnecting) {
          this.#shakenAt = performance.now();
          this.#become("reconnecting");
        }
      })
      .on(RoomEvent.Disconnected, (reason) => {
        // Before the first success the caller of connect() hears about it.
        if (this.#joinMs === undefined) return;
        const cutOff = this.#outside && this.#told?.mode === "isolated";
        this.#end(endReason(reason, { sinceShaken: performance.now() - this.#shakenAt, cutOff }));
      });
  }

  async #publish(track: LocalAudioTrack | LocalVideoTrack): Promise<LocalTrackPublication | undefined> {
    if (track.kind === Track.Kind.Video && !maySend(this.cap).camera) {
      track.stop();
      return undefined;
    }
    try {
      // The device check has opened the camera for the best case.
      const size = camera(this.cap).videoCaptureDefaults.resolution;
      if (track.kind === Track.Kind.Video && this.cap !== "full" && size)
        await track.mediaStreamTrack.applyConstraints({ width: { ideal: size.width }, height: { ideal: size.height } });
      return await this.room.localParticipant.publishTrack(track);
    } catch {
      this.#deviceFailed = true;
      track.stop();
      return undefined;
    }
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
      if (publication.kind === Track.Kind.Audio || this.cap === "full") publication.setSubscribed(true);
      this.#heedCap();
    }
    this.#changed();
  }

  /** Asks for what the cap leaves room for. */
  #heedCap(): void {
    const pictures = [...this.#watched.values()].filter(({ state }) => state !== "keyDiffers");
    heed(
      this.cap,
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

  #hear(told: Told | undefined): void {
    if (!told) return;
    this.#told = told;
    const isolated = told.mode === "isolated";
    const others = isolated ? [...this.room.remoteParticipants.values()].filter(isOutside) : [];
    // Said twice, the second time nobody is left to be counted.
    this.#cutOff = isolated ? [...this.#cutOff, ...others.map((who) => who.name || who.identity)] : [];
    this.#changed();
  }

  get #outside(): boolean {
    return isOutside(this.room.localParticipant);
  }

  #become(phase: CallState["phase"]): void {
    this.#phase = phase;
    this.#changed();
  }

  #end(reason: EndReason): void {
    if (this.#phase === "ended") return;
    this.#ended = reason;
    this.#become("ended");
    this.#stop();
  }

  #stop(): void {
    window.clearInterval(this.#timer);
    for (const publication of this.room.localParticipant.trackPublications.values()) publication.track?.stop();
    this.#sounds.clear();
    this.#unpublishFigures();
    this.#worker.terminate();
  }

  #changed(): void {
    this.#state = this.#look();
    for (const listener of this.#listeners) listener();
  }

  #look(): CallState {
    const { localParticipant, remoteParticipants } = this.room;
    const refusals = [...this.#refusals.values()];
    return {
      phase: this.#phase,
      ended: this.#ended,
      people: [this.#person(localParticipant), ...[...remoteParticipants.values()].map((who) => this.#person(who))],
      refusals,
      alarms: refusals.filter((refusal) => !this.#confirmed.has(refusal.sid)),
      own: {
        microphone: localParticipant.isMicrophoneEnabled,
        camera: localParticipant.isCameraEnabled,
        screen: localParticipant.isScreenShareEnabled,
      },
      soundBlocked: this.#joinMs !== undefined && !this.room.canPlaybackAudio,
      deviceFailed: this.#deviceFailed,
      cap: this.cap,
      outside: this.#outside,
      told: this.#told,
      cutOff: this.#cutOff,
    };
  }

  #person(who: Participant): Person {
    const quality: Partial<Record<ConnectionQuality, Quality>> = {
      [ConnectionQuality.Poor]: "poor",
      [ConnectionQuality.Lost]: "lost",
    };
    const self = who === this.room.localParticipant;
    const sound = who.getTrackPublication(Track.Source.Microphone);
    return {
      identity: who.identity,
      name: who.name || who.identity,
      self,
      joinedAt: who.joinedAt,
      microphone: who.isMicrophoneEnabled,
      sound: sound && !self ? this.#decryption(sound.trackSid) : undefined,
      camera: this.#picture(who, Track.Source.Camera),
      screen: this.#picture(who, Track.Source.ScreenShare),
      speaking: who.isSpeaking && who.isMicrophoneEnabled,
      quality: quality[who.connectionQuality] ?? "good",
    };
  }

  #decryption(sid: string): Decryption {
    return this.#refusals.has(sid) ? "refused" : (this.#watched.get(sid)?.state ?? "waiting");
  }

  #picture(who: Participant, source: Track.Source): Picture | undefined {
    const publication = who.getTrackPublication(source);
    if (!publication) return undefined;
    const sid = publication.trackSid;
    const state = who === this.room.localParticipant ? "encrypted" : this.#decryption(sid);
    // A camera that is off has nothing to show, but a refused one keeps its tile: it explains itself.
    if (publication.isMuted && state !== "refused") return undefined;
    // Nor has one that a short line leaves no room for.
    if (state === "waiting" && publication instanceof RemoteTrackPublication && !publication.isDesired)
      return undefined;
    return { sid, state, track: state === "refused" ? undefined : publication.videoTrack };
  }
}
