import { leads } from "../model";
import type { Feature, Sender, Wire } from "./feature";
import { MAX_OPTIONS, type Message, newId } from "./message";

export interface Vote {
  name: string;
  self: boolean;
  option: number;
}

/** An open vote: everybody sees who votes what. */
export interface Poll {
  id: string;
  from: Sender;
  question: string;
  options: readonly string[];
  closed: boolean;
  /** By identity, of those who are there; the last one counts until the vote is closed. */
  votes: ReadonlyMap<string, Vote>;
}

export interface PollsState {
  polls: readonly Poll[];
  /** Votes that are open and in which this participant has not voted yet. */
  unvoted: number;
}

const MAX_POLLS = 50;
const MAX_EARLY = 500;

/** Open votes, begun and closed by those who lead the meeting. */
export class Polls implements Feature {
  readonly #wire: Wire;
  #polls: readonly Poll[] = [];
  /** Votes whose question has not come yet: to a newcomer each is told by somebody else. */
  #early: readonly { id: string; option: number; from: Sender }[] = [];

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  readonly state = (): PollsState => ({
    polls: this.#polls,
    unvoted: this.#polls.filter((poll) => !poll.closed && !poll.votes.has(this.#wire.me().identity)).length,
  });

  receive(message: Message, from: Sender): void {
    if (message.kind === "vote") this.#count(message.id, message.option, from);
    if (message.kind !== "poll" || !leads(from.role)) return;
    const known = this.#polls.find(({ id }) => id === message.id);
    // What was asked stays what it is, and only whoever asked closes it.
    if (known?.from.identity === from.identity && message.closed) this.#change({ ...known, closed: true });
    else if (!known && !message.closed) this.#add({ ...message, from, votes: new Map() });
  }

  /** Whoever comes, or comes back, is told what is asked by who asked, and each vote by who voted. */
  joined(identity: string): void {
    const me = this.#wire.me().identity;
    for (const { id, question, options, closed, from, votes } of this.#polls) {
      const own = votes.get(me);
      if (from.identity === me) this.#tell({ kind: "poll", id, question, options: [...options], closed }, identity);
      if (own && !closed) this.#tell({ kind: "vote", id, option: own.option }, identity);
    }
  }

  /** Back under another identity: the former one's votes are forgotten by all, and given anew. */
  connected(): void {
    const me = this.#wire.me().identity;
    const gone = this.#polls.flatMap(({ from, votes }) => [from.identity, ...votes.keys()]);
    const given = this.#polls.flatMap(({ id, closed, votes }) => {
      const own = [...votes.values()].find(({ self }) => self);
      return own && !closed && !votes.has(me) ? [{ id, option: own.option }] : [];
    });
    for (const identity of new Set(gone)) if (!this.#wire.isPresent(identity)) this.left(identity);
    for (const { id, option } of given) this.vote(id, option).catch(() => undefined);
  }

  /** Nobody but who asked may close a vote, and nobody votes twice by coming back. */
  left(identity: string): void {
    this.#polls = this.#polls.map((poll) => {
      if (poll.closed) return poll;
      const votes = new Map([...poll.votes].filter(([voter]) => voter !== identity));
      return poll.from.identity === identity ? { ...poll, closed: true } : { ...poll, votes };
    });
  }

  /** @throws Error when it cannot be sent now */
  async ask(question: string, options: readonly string[]): Promise<void> {
    const asked = { id: newId(), question: question.trim(), options: options.map((one) => one.trim()), closed: false };
    await this.#wire.send({ kind: "poll", ...asked });
    this.#add({ ...asked, from: this.#wire.me(), votes: new Map() });
  }

  /** @throws Error when it cannot be sent now */
  async vote(id: string, option: number): Promise<void> {
    await this.#wire.send({ kind: "vote", id, option });
    this.#count(id, option, this.#wire.me());
  }

  /** @throws Error when it cannot be sent now */
  async close(poll: Poll): Promise<void> {
    const { id, question, options } = poll;
    await this.#wire.send({ kind: "poll", id, question, options: [...options], closed: true });
    this.#change({ ...(this.#polls.find((one) => one.id === id) ?? poll), closed: true });
  }

  #tell(message: Message, to: string): void {
    this.#wire.send(message, [to]).catch(() => undefined);
  }

  #add(poll: Poll): void {
    this.#polls = [...this.#polls, poll].slice(-MAX_POLLS);
    for (const { id, option, from } of this.#early) if (id === poll.id) this.#count(id, option, from);
    this.#early = this.#early.filter(({ id }) => id !== poll.id);
    this.#wire.changed();
  }

  #count(id: string, option: number, from: Sender): void {
    const poll = this.#polls.find((one) => one.id === id);
    if (!poll) this.#early = [...this.#early, { id, option, from }].slice(-MAX_EARLY);
    if (!poll || poll.closed || option >= poll.options.length) return;
    this.#change({
      ...poll,
      votes: new Map(poll.votes).set(from.identity, { name: from.name, self: from.self, option }),
    });
  }

  #change(poll: Poll): void {
    this.#polls = this.#polls.map((one) => (one.id === poll.id ? poll : one));
    this.#wire.changed();
  }
}

/** How many voted for each option. */
export const tally = ({ options, votes }: Poll): number[] =>
  options.map((_, option) => [...votes.values()].filter((vote) => vote.option === option).length);

/** Whether this can be asked: a question and at least two different answers. */
export const askable = (question: string, options: readonly string[]): boolean =>
  question.trim() !== "" &&
  options.length >= 2 &&
  options.length <= MAX_OPTIONS &&
  options.every((one) => one.trim() !== "") &&
  new Set(options.map((one) => one.trim())).size === options.length;
