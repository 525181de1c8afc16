import type { Feature, Sender, Wire } from "./feature";
import { MAX_FILE_BYTES, type Message, newId, type Offer } from "./message";
import { bytesOf, hashOf, PART_BYTES, pieceEnd } from "./pieces";
import { openSink, type Sink } from "./sink";
import { Transfer } from "./Transfer";

export type FileState =
  | "offered"
  | "receiving"
  /** Whoever offers it has lost the connection. */
  | "waiting"
  | "done"
  /** Something else has come than was offered. */
  | "damaged"
  | "failed"
  | "withdrawn";

export interface OfferedFile {
  offer: Offer;
  from: Sender;
  at: Date;
  state: FileState;
  /** Bytes here so far. */
  received: number;
}

export interface FilesState {
  filesAllowed: boolean;
  files: readonly OfferedFile[];
  /** One is being read before it is offered. */
  preparing: boolean;
}

const MAX_OFFERS = 100;
const MAX_SERVED = 8;

/** Files from member to member: offered, asked for piece by piece, kept by no server. */
export class Files implements Feature {
  /** By the meeting's level. */
  allowed = false;
  readonly #wire: Wire;
  readonly #open: (offer: Offer) => Promise<Sink>;
  readonly #own = new Map<string, { offer: Offer; file: Blob }>();
  readonly #transfers = new Map<string, Transfer>();
  /** What is being sent, by receiver and file; what is asked for anew replaces it. */
  readonly #serving = new Map<string, object>();
  /** Whoever offers a file once more while the former offer's connection is still there. */
  readonly #back = new Map<string, Sender>();
  #files: readonly OfferedFile[] = [];
  #preparing = false;

  constructor(wire: Wire, open: (offer: Offer) => Promise<Sink> = openSink) {
    this.#wire = wire;
    this.#open = open;
  }

  readonly state = (): FilesState => ({
    filesAllowed: this.allowed,
    files: this.#files,
    preparing: this.#preparing,
  });

  receive(message: Message, from: Sender, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.allowed) return;
    if (message.kind === "offer") this.#offered(message, from);
    else if (message.kind === "withdrawn") this.#withdrawn(message.id, from);
    else if (message.kind === "wanted") void this.#serve(message.id, message.offset, from.identity);
    else if (message.kind === "part" && this.#file(message.id)?.from.identity === from.identity)
      this.#transfers.get(message.id)?.take(message.offset, bytes);
  }

  left(identity: string): void {
    for (const { offer, from, state } of this.#files) {
      if (from.self || from.identity !== identity || (state !== "offered" && state !== "receiving")) continue;
      this.#transfers.get(offer.id)?.pause();
      const back = this.#back.get(offer.id);
      if (back && back.identity !== identity) this.#resume(offer.id, back);
      else this.#change(offer.id, { state: "waiting" });
    }
  }

  connected(): void {
    // Under another identity now, or to those who have missed it.
    for (const { offer } of this.#own.values()) this.#say({ kind: "offer", ...offer });
    const gone = new Set(this.#files.map(({ from }) => from.identity).filter((who) => !this.#wire.isPresent(who)));
    for (const identity of gone) this.left(identity);
    for (const [id, transfer] of this.#transfers) if (this.#file(id)?.state === "receiving") transfer.ask();
  }

  disconnected(): void {
    for (const transfer of this.#transfers.values()) transfer.pause();
    this.#serving.clear();
  }

  /**
   * @throws RangeError for one that is empty or too large
   * @throws Error when it cannot be read or offered now
   */
  async offer(file: File): Promise<void> {
    if (!this.allowed || !this.#wire.mayWrite()) throw new Error("no file can be offered now");
    if (file.size === 0 || file.size > MAX_FILE_BYTES) throw new RangeError("a file of an unfit size");
    this.#prepare(true);
    try {
      const { size, type } = file;
      const offer: Offer = {
        id: newId(),
        name: file.name.slice(-255),
        size,
        type: type.slice(0, 200),
        hash: await hashOf(file),
      };
      await this.#wire.send({ kind: "offer", ...offer });
      this.#own.set(offer.id, { offer, file });
      this.#add(offer, this.#wire.me());
    } finally {
      this.#prepare(false);
    }
  }

  /** No more of an own file is sent. */
  withdraw(id: string): void {
    if (!this.#own.delete(id)) return;
    this.#say({ kind: "withdrawn", id });
    this.#change(id, { state: "withdrawn" });
  }

  /** Takes what somebody offers; to be called when a person has just pressed something. */
  async accept(id: string): Promise<void> {
    const found = this.#file(id);
    if (!found || found.from.self || this.#transfers.has(id)) return;
    const sink = await this.#open(found.offer).catch(() => undefined);
    if (!sink || this.#transfers.has(id)) return;
    const transfer = new Transfer(found.offer, sink, {
      ask: (offset) => this.#say({ kind: "wanted", id, offset }, this.#file(id)?.from.identity),
      progress: () => this.#change(id, { received: transfer.received }),
      over: (state) => {
        this.#transfers.delete(id);
        this.#change(id, { state, received: transfer.received });
      },
    });
    this.#transfers.set(id, transfer);
    this.#change(id, { state: "receiving", received: 0 });
    transfer.ask();
  }

  /** Stops receiving; it can be taken anew. */
  cancel(id: string): void {
    void this.#transfers.get(id)?.abort();
    this.#transfers.delete(id);
    const away = this.#file(id)?.state === "waiting";
    this.#change(id, { state: away ? "waiting" : "offered", received: 0 });
  }

  #offered(message: Message & { kind: "offer" }, from: Sender): void {
    const { kind: _, ...offer } = message;
    const known = this.#file(offer.id);
    if (!known) {
      this.#add(offer, from);
      return;
    }
    // The same file by the same person after a lost connection; what is asked for stays what was offered.
    const same = known.offer.hash === offer.hash && known.offer.size === offer.size;
    if (!same || known.from.self) return;
    if (known.state === "waiting") this.#resume(offer.id, from);
    // His former connection has not been missed yet.
    else this.#back.set(offer.id, from);
  }

  #resume(id: string, from: Sender): void {
    const transfer = this.#transfers.get(id);
    this.#back.delete(id);
    this.#change(id, { from, state: transfer ? "receiving" : "offered" });
    transfer?.ask();
  }

  #withdrawn(id: string, from: Sender): void {
    const found = this.#file(id);
    if (!found || found.from.identity !== from.identity || found.state === "done") return;
    void this.#transfers.get(id)?.abort();
    this.#transfers.delete(id);
    this.#change(id, { state: "withdrawn" });
  }

  /** Sends one piece, or what is missing of it. */
  async #serve(id: string, offset: number, to: string): Promise<void> {
    const own = this.#own.get(id);
    if (!own || offset >= own.offer.size) return;
    const key = `${to} ${id}`;
    if (!this.#serving.has(key) && this.#serving.size >= MAX_SERVED) return;
    const mine = {};
    this.#serving.set(key, mine);
    try {
      const piece = await bytesOf(own.file, offset, pieceEnd(offset, own.offer.size));
      for (let at = 0; at < piece.length && this.#serving.get(key) === mine && this.#own.has(id); at += PART_BYTES)
        await this.#wire.send({ kind: "part", id, offset: offset + at }, [to], piece.subarray(at, at + PART_BYTES));
    } catch {
      // It is asked for again.
    } finally {
      if (this.#serving.get(key) === mine) this.#serving.delete(key);
    }
  }

  #say(message: Message, to?: string): void {
    this.#wire.send(message, to === undefined ? undefined : [to]).catch(() => undefined);
  }

  #file(id: string): OfferedFile | undefined {
    return this.#files.find(({ offer }) => offer.id === id);
  }

  #add(offer: Offer, from: Sender): void {
    const file: OfferedFile = { offer, from, at: new Date(), state: "offered", received: 0 };
    // The oldest that nobody is receiving goes.
    const spare = this.#files.length < MAX_OFFERS ? undefined : this.#files.find(({ state }) => state !== "receiving");
    this.#files = [...this.#files.filter((one) => one !== spare), file];
    this.#wire.changed();
  }

  #change(id: string, how: Partial<OfferedFile>): void {
    this.#files = this.#files.map((file) => (file.offer.id === id ? { ...file, ...how } : file));
    this.#wire.changed();
  }

  #prepare(preparing: boolean): void {
    this.#preparing = preparing;
    this.#wire.changed();
  }
}
