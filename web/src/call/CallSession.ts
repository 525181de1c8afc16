import {
  ConnectionQuality,
  ConnectionState,
  EngineEvent,
  type LocalAudioTrack,
  type LocalTrackPublication,
  type LocalVideoTrack,
  type Participant,
  Room,
  RoomEvent,
  type ScreenShareCaptureOptions,
  Track,
} from "livekit-client";
import type { Admission, Cap } from "../api/portal";
import { deviceProblemOf, rememberDevice } from "../devices/choices";
import { encryptionWorker } from "../e2ee/encryptionWorker";
import type { MeetingKey } from "../e2ee/meetingKey";
import { SharedKeyProvider } from "../e2ee/SharedKeyProvider";
import { questionOf, timeOf } from "./attributes";
import { maySend, publishSettings } from "./cap";
import { MeetingData } from "./data/MeetingData";
import { endReason } from "./ending";
import { publishFigures } from "./figures";
import { mayFilm, mayShare, maySpeak } from "./floor";
import { JoinError } from "./joinError";
import { type ModeAnnouncement, parseModeAnnouncement } from "./modeAnnouncement";
import type { CallState, DeviceFailure, EndReason, LocalSource, Person, Quality } from "./model";
import { kindOf, roleOf, visibleName, withNumbers } from "./names";
import { NoiseSuppression } from "./noise/NoiseSuppression";
import { RemoteMedia } from "./RemoteMedia";
import type { PreviousMedia } from "./rejoin";
import { RETRIES } from "./retries";
import { watchStall } from "./stall";
import "../silence";

const isOutside = (who: Participant) => who.attributes["place"] === "outside";

/**
 * A screen with the sound of a tab, where the browser offers it and as it is. That of the whole computer would send the
 * others' voices back to them.
 */
const SHARED: ScreenShareCaptureOptions = {
  audio: { autoGainControl: false, echoCancellation: false, noiseSuppression: false, restrictOwnAudio: true },
  systemAudio: "exclude",
  selfBrowserSurface: "exclude",
  contentHint: "detail",
};

/** What a ticket of the portal is needed for: where to, with what, and as whom. */
type Ticket = Pick<Admission, "url" | "token" | "identity">;

/** One participation in one meeting, from joining to leaving; React renders its `state`. */
export class CallSession {
  readonly room: Room;
  readonly cap: Cap;
  readonly data: MeetingData;
  /** The meeting's security level. */
  readonly level: string;
  readonly #admission: Ticket;
  readonly #encryption = encryptionWorker();
  readonly #keys = new SharedKeyProvider();
  readonly #listeners = new Set<() => void>();
  readonly #remoteMedia: RemoteMedia;
  readonly noise: NoiseSuppression;
  readonly #unpublishFigures: () => void;
  #state: CallState;
  #phase: CallState["phase"] = "connecting";
  #ended: EndReason | undefined;
  #deviceFailed: DeviceFailure | undefined;
  #joinStarted = 0;
  #joinMs: number | undefined;
  #interruptedAt = Number.NEGATIVE_INFINITY;
  #announcement: ModeAnnouncement | undefined;
  #removedByIsolation: string[] = [];
  #stalled = false;
  #stopWatching = () => {};
  /** What this person has switched on, whatever the connection does. */
  readonly #wanted = { microphone: false, camera: false };

  /** @param data of the participation that this one follows: what was said then is still there */
  constructor(
    admission: Ticket & Pick<Admission, "cap" | "files" | "level">,
    speaker: string | undefined,
    data: MeetingData = new MeetingData(),
  ) {
    this.data = data;
    data.files.allowed = admission.files;
    this.#admission = admission;
    this.cap = admission.cap;
    this.level = admission.level;
    this.room = new Room({
      encryption: { keyProvider: this.#keys, worker: this.#encryption.worker },
      adaptiveStream: true,
      dynacast: true,
      reconnectPolicy: RETRIES,
      ...publishSettings(admission.cap),
      ...(speaker ? { audioOutput: { deviceId: speaker } } : {}),
    });
    this.#remoteMedia = new RemoteMedia(this.room, this.cap, this.#encryption, () => this.#notify());
    this.noise = new NoiseSuppression(this.room, () => this.#notify());
    this.#listen();
    this.#state = this.#snapshot();
    this.#unpublishFigures = publishFigures({
      joinMs: () => this.#joinMs,
      phase: () => this.#phase,
      people: () => this.#state.people,
      refusals: () => this.#remoteMedia.refusals,
      ignoredData: () => this.data.ignored,
      tracks: () => this.#remoteMedia.tracks,
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): CallState => this.#state;

  /**
   * Joins and publishes `tracks` (from the device check).
   *
   * @param tracks stopped when joining fails
   * @throws JoinError when the key cannot be set up or the SFU cannot be reached; the session is then of no further use
   */
  async join(key: MeetingKey, tracks: readonly (LocalAudioTrack | LocalVideoTrack)[]): Promise<void> {
    this.#joinStarted = performance.now();
    this.#wanted.microphone = tracks.some((track) => track.kind === Track.Kind.Audio && !track.isMuted);
    this.#wanted.camera = tracks.some((track) => track.kind === Track.Kind.Video);
    try {
      await this.#connect(key);
    } catch (error) {
      for (const track of tracks) track.stop();
      this.#stop();
      throw error;
    }
    this.#remoteMedia.start();
    this.#stopWatching = watchStall(this.room, (stalled) => {
      this.#stalled = stalled;
      this.#notify();
    });
    this.#joinMs = Math.round(performance.now() - this.#joinStarted);
    // The floor may be closed, which is known only now.
    this.#wanted.microphone &&= maySpeak(this.room.localParticipant);
    this.#wanted.camera &&= mayFilm(this.room.localParticipant);
    this.#setPhase("connected");
    await Promise.all(tracks.map((track) => this.#publish(track)));
    this.#notify();
  }

  async leave(): Promise<void> {
    this.#end("left");
    await this.room.disconnect(true);
  }

  async #connect(key: MeetingKey): Promise<void> {
    try {
      await this.#keys.use(key);
      await this.data.attach(this.room, key, (identity) => this.#nameOf(identity));
      await this.room.setE2EEEnabled(true);
    } catch (cause) {
      throw new JoinError("encryption", cause);
    }
    try {
      await this.room.connect(this.#admission.url, this.#admission.token, { autoSubscribe: false });
    } catch (cause) {
      throw new JoinError("media", cause);
    }
    this.#watchRestarts();
    if (!this.#isMyself) {
      await this.room.disconnect(true);
      throw new JoinError("identity", new Error("the SFU gave this participant another identity"));
    }
  }

  /** Whether the SFU still takes this participant for the one whom the portal admitted. */
  get #isMyself(): boolean {
    return this.room.localParticipant.identity === this.#admission.identity;
  }

  /**
   * The library restarts a connection from the ground up when the SFU says so, and publishes everything again under
   * whatever identity it is given. The portal's ticket is good for one entry, so a restart never lasts: this participation
   * ends before anything is published, and another one is requested. The event is the engine's, because the room tells of a
   * restart only when it was not reconnecting before.
   */
  #watchRestarts(): void {
    this.room.engine.on(EngineEvent.Restarting, () => this.#breakOff("lost"));
    this.room.engine.on(EngineEvent.SignalRestarted, () => this.#breakOff("lost"));
  }

  #breakOff(reason: EndReason): void {
    this.#end(reason);
    void this.room.disconnect(true);
  }

  readonly toggle = async (what: LocalSource): Promise<void> => {
    if (!this.#may(what)) return;
    const me = this.room.localParticipant;
    const on = !this.#state.sending[what];
    try {
      if (what === "microphone") await me.setMicrophoneEnabled(on);
      else if (what === "camera") await me.setCameraEnabled(on);
      else await me.setScreenShareEnabled(on, SHARED);
      if (what !== "screen") this.#wanted[what] = on;
      this.#deviceFailed = undefined;
    } catch (problem) {
      // Closing the browser's own dialog is a decision, not a failure.
      const declined = what === "screen" && problem instanceof Error && problem.name === "NotAllowedError";
      this.#deviceFailed = declined ? undefined : { what, why: deviceProblemOf(problem) };
    }
    this.#notify();
  };

  /** What the portal allows: by the uplink's cap, by the floor, by the level. */
  #may(what: LocalSource): boolean {
    const me = this.room.localParticipant;
    if (what === "microphone") return maySpeak(me);
    return maySend(this.cap)[what] && (what === "camera" ? mayFilm(me) : mayShare(me));
  }

  async setMicrophone(on: boolean): Promise<void> {
    if (this.#state.sending.microphone !== on) await this.toggle("microphone");
  }

  /** @param remember whether this was somebody's choice, also for the next call */
  async switchDevice(kind: MediaDeviceKind, deviceId: string, remember = true): Promise<void> {
    try {
      await this.room.switchActiveDevice(kind, deviceId);
      if (remember) rememberDevice(kind, deviceId);
      this.#deviceFailed = undefined;
    } catch (problem) {
      const what = { audioinput: "microphone", videoinput: "camera", audiooutput: "speaker" } as const;
      this.#deviceFailed = { what: what[kind], why: deviceProblemOf(problem) };
    }
    this.#notify();
  }

  /** The microphone's track as the device gives it, for what measures it. */
  readonly microphone = (): MediaStreamTrack | undefined => this.noise.source();

  /** For rejoining: what was switched on, and on which devices. */
  previousMedia(): PreviousMedia {
    return { ...this.#wanted, device: (kind) => this.room.getActiveDevice(kind) };
  }

  readonly startAudio = async (): Promise<void> => {
    await this.room.startAudio();
    this.#notify();
  };

  readonly dismissAlarms = (): void => this.#remoteMedia.dismissAlarms();

  readonly recheckKeys = (): void => this.#remoteMedia.recheckKeys();

  readonly enlarge = (sid: string | undefined): void => this.#remoteMedia.enlarge(sid);

  readonly dismissRemoved = (): void => {
    this.#removedByIsolation = [];
    this.#notify();
  };

  #listen(): void {
    const changed = () => this.#notify();
    this.room
      .on(RoomEvent.RoomMetadataChanged, (metadata) => {
        // Changes only: the portal has answered since with anything announced before this participant joined.
        this.#onModeAnnouncement(parseModeAnnouncement(metadata));
      })
      .on(RoomEvent.ParticipantConnected, changed)
      .on(RoomEvent.ParticipantDisconnected, changed)
      .on(RoomEvent.ParticipantNameChanged, changed)
      .on(RoomEvent.ParticipantAttributesChanged, changed)
      .on(RoomEvent.ParticipantPermissionsChanged, () => {
        // The server takes the track away; opening the floor switches nothing on by itself.
        this.#wanted.microphone &&= maySpeak(this.room.localParticipant);
        this.#wanted.camera &&= mayFilm(this.room.localParticipant);
        this.#notify();
      })
      .on(RoomEvent.ActiveSpeakersChanged, changed)
      .on(RoomEvent.ConnectionQualityChanged, changed)
      .on(RoomEvent.TrackMuted, changed)
      .on(RoomEvent.TrackUnmuted, changed)
      .on(RoomEvent.LocalTrackPublished, changed)
      .on(RoomEvent.LocalTrackUnpublished, changed)
      .on(RoomEvent.AudioPlaybackStatusChanged, changed)
      .on(RoomEvent.MediaDevicesChanged, changed)
      .on(RoomEvent.ConnectionStateChanged, (state) => {
        if (this.#phase === "ended" || this.#joinMs === undefined) return;
        if (state === ConnectionState.Connected) this.#setPhase("connected");
        if (state === ConnectionState.Reconnecting || state === ConnectionState.SignalReconnecting) {
          this.#interruptedAt = performance.now();
          this.#setPhase("reconnecting");
        }
      })
      .on(RoomEvent.Disconnected, (reason) => {
        // Until the first success connect() rejects.
        if (this.#joinMs === undefined) return;
        const isolated = this.#outside && this.#announcement?.mode === "isolated";
        this.#end(endReason(reason, { sinceInterruption: performance.now() - this.#interruptedAt, isolated }));
      });
  }

  async #publish(track: LocalAudioTrack | LocalVideoTrack): Promise<LocalTrackPublication | undefined> {
    if (!this.#may(track.kind === Track.Kind.Video ? "camera" : "microphone")) {
      track.stop();
      return undefined;
    }
    try {
      // The device check has opened the camera at full size.
      const size = publishSettings(this.cap).videoCaptureDefaults.resolution;
      if (track.kind === Track.Kind.Video && this.cap !== "full" && size)
        await track.mediaStreamTrack.applyConstraints({ width: { ideal: size.width }, height: { ideal: size.height } });
      return await this.room.localParticipant.publishTrack(track);
    } catch (problem) {
      const what = track.kind === Track.Kind.Video ? "camera" : "microphone";
      this.#deviceFailed = { what, why: deviceProblemOf(problem) };
      track.stop();
      return undefined;
    }
  }

  #onModeAnnouncement(announcement: ModeAnnouncement | undefined): void {
    if (!announcement) return;
    this.#announcement = announcement;
    const isolated = announcement.mode === "isolated";
    const outside = isolated ? [...this.room.remoteParticipants.values()].filter(isOutside) : [];
    // Announced twice: the second time those outside are already gone.
    this.#removedByIsolation = isolated
      ? [...this.#removedByIsolation, ...outside.map((who) => visibleName(who.name, who.identity))]
      : [];
    this.#notify();
  }

  get #outside(): boolean {
    return isOutside(this.room.localParticipant);
  }

  #setPhase(phase: CallState["phase"]): void {
    this.#phase = phase;
    this.#notify();
  }

  #end(reason: EndReason): void {
    if (this.#phase === "ended") return;
    this.#ended = reason;
    this.#setPhase("ended");
    this.#stop();
  }

  /** As it is shown: with a number where somebody else has the same. */
  #nameOf(identity: string): string | undefined {
    return this.#state.people.find((person) => person.identity === identity)?.name;
  }

  #stop(): void {
    this.#stopWatching();
    this.data.detach();
    this.#remoteMedia.stop();
    for (const publication of this.room.localParticipant.trackPublications.values()) publication.track?.stop();
    this.noise.stop();
    this.#unpublishFigures();
    this.#encryption.worker.terminate();
  }

  #notify(): void {
    if (this.#joinMs !== undefined && this.#phase !== "ended" && !this.#isMyself) this.#breakOff("mistrusted");
    this.#state = this.#snapshot();
    for (const listener of this.#listeners) listener();
  }

  #snapshot(): CallState {
    const { localParticipant, remoteParticipants } = this.room;
    return {
      phase: this.#phase,
      stalled: this.#stalled,
      ended: this.#ended,
      people: withNumbers([localParticipant, ...remoteParticipants.values()].map((who) => this.#person(who))),
      refusals: this.#remoteMedia.refusals,
      alarms: this.#remoteMedia.alarms,
      role: roleOf(localParticipant.attributes["role"]),
      maySpeak: maySpeak(localParticipant),
      mayFilm: mayFilm(localParticipant),
      mayShare: this.#may("screen"),
      sending: {
        // While reconnecting nothing is published, but nothing was switched off either.
        microphone: this.#phase === "reconnecting" ? this.#wanted.microphone : localParticipant.isMicrophoneEnabled,
        camera: this.#phase === "reconnecting" ? this.#wanted.camera : localParticipant.isCameraEnabled,
        screen: localParticipant.isScreenShareEnabled,
      },
      autoplayBlocked: this.#joinMs !== undefined && !this.room.canPlaybackAudio,
      deviceFailed: this.#deviceFailed,
      noise: this.noise.state,
      cap: this.cap,
      outside: this.#outside,
      announcement: this.#announcement,
      removedByIsolation: this.#removedByIsolation,
      question: questionOf(localParticipant.attributes["asked"]),
      closesAt: timeOf(localParticipant.attributes["closes_at"]),
    };
  }

  #person(who: Participant): Person {
    const quality: Partial<Record<ConnectionQuality, Quality>> = {
      [ConnectionQuality.Poor]: "poor",
      [ConnectionQuality.Lost]: "lost",
    };
    const self = who === this.room.localParticipant;
    const audio = who.getTrackPublication(Track.Source.Microphone);
    const screenAudio = who.getTrackPublication(Track.Source.ScreenShareAudio);
    return {
      identity: who.identity,
      name: visibleName(who.name, who.identity),
      kind: kindOf(who.attributes["kind"]),
      role: roleOf(who.attributes["role"]),
      maySpeak: maySpeak(who),
      mayFilm: mayFilm(who),
      mayShare: mayShare(who),
      hand: timeOf(who.attributes["hand"]),
      self,
      joinedAt: who.joinedAt,
      microphone: self && this.#phase === "reconnecting" ? this.#wanted.microphone : who.isMicrophoneEnabled,
      audio: audio && !self ? this.#remoteMedia.decryption(audio.trackSid) : undefined,
      camera: this.#remoteMedia.video(who, Track.Source.Camera),
      screen: this.#remoteMedia.video(who, Track.Source.ScreenShare),
      screenAudio: screenAudio && (self ? "encrypted" : this.#remoteMedia.decryption(screenAudio.trackSid)),
      speaking: who.isSpeaking && who.isMicrophoneEnabled,
      quality: quality[who.connectionQuality] ?? "good",
    };
  }
}
