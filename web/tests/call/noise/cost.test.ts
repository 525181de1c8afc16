import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createContext, runInContext } from "node:vm";
import { describe, expect, it } from "vitest";

const BLOCK = 128;
const RATE = 48_000;
const SECONDS = 8;

interface Processor {
  /** Set once the program is compiled. */
  processor: unknown;
  process: (inputs: Float32Array[][], outputs: Float32Array[][]) => boolean;
}
type Made = new (options: object) => Processor;

const installed = createRequire(import.meta.url);
const fileOf = (name: string) => installed.resolve(`@sapphi-red/web-noise-suppressor/${name}`);

/** The worklet's own program in a realm like a worklet's, which has no Node.js. */
async function processor(program: string): Promise<Processor> {
  const source = (await readFile(fileOf("rnnoiseWorklet.js"), "utf8")).replaceAll("import.meta.url", '""');
  const made: Made[] = [];
  const realm = createContext({
    AudioWorkletProcessor: class {
      port = { addEventListener: () => {} };
    },
    registerProcessor: (_: string, processing: Made) => made.push(processing),
    WebAssembly,
    TextDecoder,
    TextEncoder,
    console,
  });
  runInContext(source, realm);
  const [Processing] = made;
  if (!Processing) throw new Error("the worklet registered nothing");
  const wasmBinary = new Uint8Array(await readFile(fileOf(program))).buffer;
  const processing = new Processing({ processorOptions: { wasmBinary, maxChannels: 1 } });
  await expect.poll(() => processing.processor, { timeout: 30_000 }).toBeDefined();
  return processing;
}

describe("RNNoise as it is delivered", () => {
  it.each(["rnnoise_simd.wasm", "rnnoise.wasm"])("takes noise away at a fraction of real time: %s", async (program) => {
    const filter = await processor(program);
    const blocks = (RATE * SECONDS) / BLOCK;
    const energy = { noise: 0, left: 0 };
    const output = new Float32Array(BLOCK);
    // The same noise in every run (Numerical Recipes' generator).
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 2 ** 32 - 0.5;
    };
    const noise = Array.from({ length: blocks }, () => Float32Array.from({ length: BLOCK }, () => random() / 10));
    const started = process.cpuUsage();
    for (let block = 0; block < blocks; block += 1) {
      const input = noise[block] ?? output;
      filter.process([[input]], [[output]]);
      // It needs a moment to learn the room.
      if (block < blocks / 2) continue;
      for (const sample of input) energy.noise += sample * sample;
      for (const sample of output) energy.left += sample * sample;
    }
    const used = process.cpuUsage(started);
    const milliseconds = (used.user + used.system) / 1000 / (SECONDS * 100);
    const decibels = 10 * Math.log10(energy.left / energy.noise);
    process.stdout.write(`${program}: ${milliseconds.toFixed(3)} ms per 10 ms, noise ${decibels.toFixed(0)} dB\n`);
    expect(decibels).toBeLessThan(-10);
    expect(milliseconds).toBeLessThan(5);
  });
});
