import { type LocalAudioTrack, type Room, RoomEvent, Track } from "livekit-client";
import type { NoiseFilter } from "./NoiseFilter";

/** Whether noise is taken out of the own audio; `failed` where this browser cannot. */
export type NoiseState = "off" | "on" | "failed";

const STORED = "conclave.noise";
/** What RNNoise was trained at. */
const SAMPLE_RATE = 48_000;

const wanted = (): boolean => localStorage.getItem(STORED) === "on";

/** Switches noise suppression of one call's microphone, also of one that is published later. */
export class NoiseSuppression {
  readonly #room: Room;
  readonly #onChange: () => void;
  readonly #load: (context: AudioContext) => Promise<NoiseFilter>;
  #context: AudioContext | undefined;
  #state: NoiseState = wanted() ? "on" : "off";
  #last: Promise<void> = Promise.resolve();

  constructor(
    room: Room,
    onChange: () => void,
    load = async (context: AudioContext) => (await import("./NoiseFilter")).NoiseFilter.load(context),
  ) {
    this.#room = room;
    this.#onChange = onChange;
    this.#load = load;
    room.on(RoomEvent.LocalTrackPublished, () => {
      if (this.#state === "on") void this.#apply();
    });
  }

  get state(): NoiseState {
    return this.#state;
  }

  /** Chooses, for this call and the next ones. */
  readonly set = async (on: boolean): Promise<void> => {
    localStorage.setItem(STORED, on ? "on" : "off");
    this.#state = on ? "on" : "off";
    this.#onChange();
    await this.#apply();
  };

  /** The microphone's track as the device gives it, with or without the filter. */
  source(): MediaStreamTrack | undefined {
    const track = this.#track;
    return (track?.getProcessor() as NoiseFilter | undefined)?.source ?? track?.mediaStreamTrack;
  }

  stop(): void {
    void this.#context?.close();
    this.#context = undefined;
  }

  get #track(): LocalAudioTrack | undefined {
    return this.#room.localParticipant.getTrackPublication(Track.Source.Microphone)?.audioTrack as
      | LocalAudioTrack
      | undefined;
  }

  /** One after the other: two presses in a row end as the second one says. */
  #apply(): Promise<void> {
    this.#last = this.#last.then(async () => {
      try {
        await this.#follow();
      } catch {
        this.#state = "failed";
      }
      this.#onChange();
    });
    return this.#last;
  }

  async #follow(): Promise<void> {
    const track = this.#track;
    if (!track) return;
    const filtered = track.getProcessor() !== undefined;
    if (this.#state === "off" && filtered) await track.stopProcessor();
    if (this.#state !== "on" || filtered) return;
    this.#context ??= new AudioContext({ sampleRate: SAMPLE_RATE });
    const filter = await this.#load(this.#context);
    await track.setAudioContext(this.#context);
    await track.setProcessor(filter);
  }
}
