import type { Offer } from "./message";
import { digest, hashOfPieces, pieceEnd } from "./pieces";
import type { Sink } from "./sink";

/** With nothing for this long it is asked for again. */
export const ASK_AGAIN_MS = 10_000;
/** What is said about progress: every so many bytes. */
const SAY_EVERY = 256 * 1024;

interface Told {
  ask: (offset: number) => void;
  progress: () => void;
  /** It is over: whole, other than offered, or not to be saved. */
  over: (how: "done" | "damaged" | "failed") => void;
}

/** One file on its way here, piece by piece; each is asked for. */
export class Transfer {
  readonly #offer: Offer;
  readonly #sink: Sink;
  readonly #told: Told;
  readonly #digests: Uint8Array<ArrayBuffer>[] = [];
  #piece: Uint8Array<ArrayBuffer>;
  #start = 0;
  #position = 0;
  #said = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;
  #writing = false;

  constructor(offer: Offer, sink: Sink, told: Told) {
    this.#offer = offer;
    this.#sink = sink;
    this.#told = told;
    this.#piece = new Uint8Array(pieceEnd(0, offer.size));
  }

  get received(): number {
    return this.#position;
  }

  /** Asks for what comes next, for the first time or once more. */
  ask(): void {
    if (this.#over || this.#writing) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ask(), ASK_AGAIN_MS);
    if (this.#position === this.#offer.size) void this.#finish();
    else this.#told.ask(this.#position);
  }

  /** Nobody is there who could send it. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  take(offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    const into = this.#position - this.#start;
    // What was asked for twice comes twice.
    if (this.#over || this.#writing || offset !== this.#position || into + bytes.length > this.#piece.length) return;
    this.#piece.set(bytes, into);
    this.#position += bytes.length;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ask(), ASK_AGAIN_MS);
    if (this.#position - this.#said >= SAY_EVERY) {
      this.#said = this.#position;
      this.#told.progress();
    }
    if (into + bytes.length === this.#piece.length) void this.#keep();
  }

  async abort(): Promise<void> {
    if (this.#over) return;
    this.#stop();
    await this.#sink.abort().catch(() => undefined);
  }

  async #keep(): Promise<void> {
    this.#writing = true;
    try {
      this.#digests.push(await digest(this.#piece));
      await this.#sink.write(this.#piece);
    } catch {
      await this.#end("failed");
    }
    this.#writing = false;
    if (this.#over) return;
    this.#start = this.#position;
    this.#piece = new Uint8Array(pieceEnd(this.#start, this.#offer.size) - this.#start);
    this.ask();
  }

  async #finish(): Promise<void> {
    this.#writing = true;
    if ((await hashOfPieces(this.#digests)) !== this.#offer.hash) return this.#end("damaged");
    try {
      if (this.#over) return;
      await this.#sink.close();
    } catch {
      return this.#end("failed");
    }
    return this.#end("done");
  }

  async #end(how: "done" | "damaged" | "failed"): Promise<void> {
    if (this.#over) return;
    if (how === "done") this.#stop();
    else await this.abort();
    this.#told.over(how);
  }

  #stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }
}
