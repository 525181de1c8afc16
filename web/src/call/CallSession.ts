import {
  ConnectionQuality,
  ConnectionState,
  type LocalAudioTrack,
  type LocalTrackPublication,
  type LocalVideoTrack,
  type Participant,
  Room,
  RoomEvent,
  Track,
} from "livekit-client";
import type { Cap } from "../api/portal";
import { failClosedWorker } from "../e2ee/failClosedWorker";
import type { MeetingKey } from "../e2ee/meetingKey";
import { SharedKeyProvider } from "../e2ee/SharedKeyProvider";
import { camera, maySend } from "./cap";
import type { Before } from "./comeBack";
import { endReason } from "./ending";
import { publishFigures } from "./figures";
import type { CallState, EndReason, Own, Person, Quality } from "./model";
import { Reception } from "./Reception";
import { type Told, toldBy } from "./told";
import "../silence";

const isOutside = (who: Participant) => who.attributes["place"] === "outside";

export interface Admitted {
  url: string;
  token: string;
  cap: Cap;
}

/** One stay in one meeting: joins, sends, hears of what happens, and tells React what to draw. */
export class CallSession {
  readonly room: Room;
  readonly cap: Cap;
  readonly #admitted: Admitted;
  readonly #worker = failClosedWorker();
  readonly #keys = new SharedKeyProvider();
  readonly #listeners = new Set<() => void>();
  readonly #reception: Reception;
  readonly #unpublishFigures: () => void;
  #state: CallState;
  #phase: CallState["phase"] = "connecting";
  #ended: EndReason | undefined;
  #deviceFailed = false;
  #joinStarted = 0;
  #joinMs: number | undefined;
  #refusedData = 0;
  #shakenAt = Number.NEGATIVE_INFINITY;
  #told: Told | undefined;
  #cutOff: string[] = [];
  /** What this person wants to be on, whatever the connection does. */
  readonly #wanted = { microphone: false, camera: false };

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
    this.#reception = new Reception(this.room, this.cap, () => this.#changed());
    this.#listen();
    this.#state = this.#look();
    this.#unpublishFigures = publishFigures({
      joinMs: () => this.#joinMs,
      phase: () => this.#phase,
      people: () => this.#state.people,
      refusals: () => this.#reception.refusals,
      refusedData: () => this.#refusedData,
      tracks: () => this.#reception.tracks,
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
    this.#reception.start();
    this.#joinMs = Math.round(performance.now() - this.#joinStarted);
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

  readonly confirmAlarms = (): void => this.#reception.confirmAlarms();

  readonly checkAgain = (): void => this.#reception.checkAgain();

  readonly enlarge = (sid: string | undefined): void => this.#reception.enlarge(sid);

  readonly confirmCutOff = (): void => {
    this.#cutOff = [];
    this.#changed();
  };

  #listen(): void {
    const changed = () => this.#changed();
    this.room
      .on(RoomEvent.DataReceived, () => {
        // No feature of this client uses data messages yet, so none is read; the figures say how many came.
        this.#refusedData += 1;
      })
      .on(RoomEvent.RoomMetadataChanged, (metadata) => {
        // Changes only: what a room was told before this entry, the portal has said better since.
        this.#hear(toldBy(metadata));
      })
      .on(RoomEvent.ParticipantConnected, changed)
      .on(RoomEvent.ParticipantDisconnected, changed)
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
    this.#reception.stop();
    for (const publication of this.room.localParticipant.trackPublications.values()) publication.track?.stop();
    this.#unpublishFigures();
    this.#worker.terminate();
  }

  #changed(): void {
    this.#state = this.#look();
    for (const listener of this.#listeners) listener();
  }

  #look(): CallState {
    const { localParticipant, remoteParticipants } = this.room;
    return {
      phase: this.#phase,
      ended: this.#ended,
      people: [this.#person(localParticipant), ...[...remoteParticipants.values()].map((who) => this.#person(who))],
      refusals: this.#reception.refusals,
      alarms: this.#reception.alarms,
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
      sound: sound && !self ? this.#reception.decryption(sound.trackSid) : undefined,
      camera: this.#reception.picture(who, Track.Source.Camera),
      screen: this.#reception.picture(who, Track.Source.ScreenShare),
      speaking: who.isSpeaking && who.isMicrophoneEnabled,
      quality: quality[who.connectionQuality] ?? "good",
    };
  }
}
