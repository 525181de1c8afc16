import type { Feature, Sender, Wire } from "./feature";
import { MAX_TEXT, type Message, newId } from "./message";

export interface ChatMessage {
  id: string;
  from: Sender;
  text: string;
  at: Date;
}

/** A line that somebody is writing, letter by letter. */
export interface Line {
  id: string;
  from: Sender;
  text: string;
}

export interface ChatState {
  messages: readonly ChatMessage[];
  lines: readonly Line[];
  /** Messages of others that have come since the chat was last looked at. */
  unread: number;
}

/** Older messages go: nobody's tab is filled up by others. */
const MAX_MESSAGES = 1000;
/** Often enough for 500 ms from the key to the other's screen (EN 301 549, 6.2.4), and seldom enough for slow networks. */
export const LINE_EVERY_MS = 200;

/** Messages, and real-time text. */
export class Chat implements Feature {
  readonly #wire: Wire;
  #messages: readonly ChatMessage[] = [];
  #lines: readonly Line[] = [];
  #unread = 0;
  #looking = false;
  #line: { id: string; text: string; sent: string } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  readonly state = (): ChatState => ({ messages: this.#messages, lines: this.#lines, unread: this.#unread });

  receive(message: Message, from: Sender): void {
    if (message.kind === "chat") this.#add({ id: message.id, from, text: message.text, at: new Date() });
    else if (message.kind === "line") this.#write({ id: message.id, from, text: message.text });
  }

  left(identity: string): void {
    this.#lines = this.#lines.filter((line) => line.from.identity !== identity);
  }

  disconnected(): void {
    this.#lines = [];
    this.#stopLine();
  }

  /**
   * Sends a message, and ends the line that was written for it.
   *
   * @throws Error when it cannot be sent now
   */
  async say(text: string): Promise<void> {
    const trimmed = text.trim().slice(0, MAX_TEXT);
    if (trimmed === "") return;
    const id = this.#line?.id ?? newId();
    await this.#wire.send({ kind: "chat", id, text: trimmed });
    this.#stopLine();
    this.#add({ id, from: this.#wire.me(), text: trimmed, at: new Date() });
  }

  /** Shows everybody the line as it stands now. */
  write(text: string): void {
    if (!this.#line && text === "") return;
    this.#line = { id: this.#line?.id ?? newId(), sent: this.#line?.sent ?? "", text: text.slice(0, MAX_TEXT) };
    if (this.#timer === undefined) this.#sendLine();
  }

  /** Whether the chat is in view. */
  look(looking: boolean): void {
    this.#looking = looking;
    if (!looking || this.#unread === 0) return;
    this.#unread = 0;
    this.#wire.changed();
  }

  #sendLine(): void {
    this.#timer = undefined;
    const line = this.#line;
    if (!line || line.text === line.sent) return;
    line.sent = line.text;
    this.#timer = setTimeout(() => this.#sendLine(), LINE_EVERY_MS);
    // The next one carries all of it again.
    this.#wire.send({ kind: "line", id: line.id, text: line.text }).catch(() => undefined);
  }

  #stopLine(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#line = undefined;
  }

  #add(message: ChatMessage): void {
    this.#messages = [...this.#messages, message].slice(-MAX_MESSAGES);
    this.#lines = this.#lines.filter((line) => line.from.identity !== message.from.identity);
    if (!message.from.self && !this.#looking) this.#unread += 1;
    this.#wire.changed();
  }

  /** Each speaker has one line; an empty one is gone. */
  #write(line: Line): void {
    const others = this.#lines.filter(({ from }) => from.identity !== line.from.identity);
    this.#lines = line.text === "" ? others : [...others, line];
    this.#wire.changed();
  }
}
