import type { Feature, Sender, Wire } from "./feature";
import { type Message, newId, type Reaction } from "./message";

/** Seconds are enough to be seen, and to be read out. */
export const SHOWN_MS = 6000;
const MAX_SHOWN = 12;

export interface ShownReaction {
  id: string;
  from: Sender;
  what: Reaction;
}

export interface ReactionsState {
  reactions: readonly ShownReaction[];
}

/** A sign in passing. */
export class Reactions implements Feature {
  readonly #wire: Wire;
  #shown: readonly ShownReaction[] = [];

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  readonly state = (): ReactionsState => ({ reactions: this.#shown });

  receive(message: Message, from: Sender): void {
    if (message.kind === "reaction") this.#show(message.what, from);
  }

  disconnected(): void {
    this.#shown = [];
  }

  /** @throws Error when it cannot be sent now */
  async react(what: Reaction): Promise<void> {
    await this.#wire.send({ kind: "reaction", what });
    this.#show(what, this.#wire.me());
  }

  /** Everybody's last one. */
  #show(what: Reaction, from: Sender): void {
    const id = newId();
    const others = this.#shown.filter((one) => one.from.identity !== from.identity);
    this.#shown = [...others, { id, from, what }].slice(-MAX_SHOWN);
    this.#wire.changed();
    setTimeout(() => {
      this.#shown = this.#shown.filter((one) => one.id !== id);
      this.#wire.changed();
    }, SHOWN_MS);
  }
}
