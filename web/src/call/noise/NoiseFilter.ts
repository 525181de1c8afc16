import { loadRnnoise, RnnoiseWorkletNode } from "@sapphi-red/web-noise-suppressor";
import plain from "@sapphi-red/web-noise-suppressor/rnnoise.wasm?url";
import simd from "@sapphi-red/web-noise-suppressor/rnnoise_simd.wasm?url";
import worklet from "@sapphi-red/web-noise-suppressor/rnnoiseWorklet.js?url";
import type { AudioProcessorOptions, Track, TrackProcessor } from "livekit-client";
import { started } from "./started";

/**
 * RNNoise between the microphone and what is sent. Everything it loads comes from this site, on first use.
 *
 * A worklet that could not start would be a silent microphone. So the program is compiled here first: what this page may
 * not do, the worklet may not do either. And audio processing has to run before the microphone is led through it.
 */
export class NoiseFilter implements TrackProcessor<Track.Kind.Audio, AudioProcessorOptions> {
  readonly name = "rnnoise";
  processedTrack?: MediaStreamTrack;
  /** The track as the device gives it. */
  source: MediaStreamTrack | undefined;
  readonly #context: AudioContext;
  readonly #program: ArrayBuffer;
  #input: MediaStreamAudioSourceNode | undefined;
  #filter: RnnoiseWorkletNode | undefined;

  private constructor(context: AudioContext, program: ArrayBuffer) {
    this.#context = context;
    this.#program = program;
  }

  /** @throws where the browser cannot or may not run it */
  static async load(context: AudioContext): Promise<NoiseFilter> {
    const [program] = await Promise.all([
      loadRnnoise({ url: plain, simdUrl: simd }),
      context.audioWorklet.addModule(worklet),
    ]);
    await WebAssembly.compile(program);
    await started(context);
    return new NoiseFilter(context, program);
  }

  async init({ track }: { track: MediaStreamTrack }): Promise<void> {
    const output = this.#context.createMediaStreamDestination();
    output.channelCount = 1;
    this.#filter = new RnnoiseWorkletNode(this.#context, { maxChannels: 1, wasmBinary: this.#program });
    this.#filter.channelCount = 1;
    this.#filter.channelCountMode = "explicit";
    this.#filter.connect(output);
    this.#take(track);
    const [processed] = output.stream.getAudioTracks();
    if (processed) this.processedTrack = processed;
  }

  /** Another device; what is sent stays the same track. */
  async restart({ track }: { track: MediaStreamTrack }): Promise<void> {
    this.#take(track);
  }

  async destroy(): Promise<void> {
    this.#input?.disconnect();
    this.#filter?.disconnect();
    this.#filter?.destroy();
    this.processedTrack?.stop();
    this.source = undefined;
  }

  #take(track: MediaStreamTrack): void {
    const filter = this.#filter;
    if (!filter) return;
    this.#input?.disconnect();
    this.source = track;
    this.#input = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#input.connect(filter);
  }
}
