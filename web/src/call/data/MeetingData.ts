import { ParticipantEvent, type RemoteParticipant, type Room, RoomEvent } from "livekit-client";
import type { MeetingKey } from "../../e2ee/meetingKey";
import { roleOf, visibleName } from "../names";
import { Chat, type ChatState } from "./Chat";
import { Files, type FilesState } from "./Files";
import type { Feature, Sender, Wire } from "./feature";
import { type Message, readMessage } from "./message";
import { Polls, type PollsState } from "./Polls";
import { Reactions, type ReactionsState } from "./Reactions";
import { Rates } from "./rate";
import { MAX_PACKET_BYTES, Seal } from "./seal";

const TOPIC = "conclave";
/** Not opened yet, of everybody together; what comes beyond is dropped. */
const MAX_PENDING = 5000;

export interface DataState extends ChatState, FilesState, PollsState, ReactionsState {
  /** Whether the SFU takes messages from this participant. */
  mayWrite: boolean;
}

interface Heard {
  rates: Rates;
  /** The last message's number: whatever comes with one that is not higher was played again. */
  number: number;
}

/** What members of one meeting tell each other, beyond one connection; nothing of it is kept when the page is left. */
export class MeetingData {
  readonly chat: Chat;
  readonly files: Files;
  readonly polls: Polls;
  readonly reactions: Reactions;
  readonly #features: readonly Feature[];
  readonly #listeners = new Set<() => void>();
  readonly #heard = new Map<string, Heard>();
  #room: Room | undefined;
  #nameOf: (identity: string) => string | undefined = () => undefined;
  #seal: Seal | undefined;
  #sent = 0;
  #pending = 0;
  #opening: Promise<void> = Promise.resolve();
  #sending: Promise<void> = Promise.resolve();
  #ignored = 0;
  #state: DataState;

  constructor() {
    const wire: Wire = {
      send: (message, to, bytes) => this.#send(message, to, bytes),
      me: () => this.#sender(this.#room?.localParticipant),
      isPresent: (identity) =>
        identity === this.#room?.localParticipant.identity || this.#room?.remoteParticipants.has(identity) === true,
      mayWrite: () => this.#mayWrite,
      changed: () => this.#notify(),
    };
    this.chat = new Chat(wire);
    this.files = new Files(wire);
    this.polls = new Polls(wire);
    this.reactions = new Reactions(wire);
    this.#features = [this.chat, this.files, this.polls, this.reactions];
    this.#state = this.#snapshot();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): DataState => this.#state;

  /** Messages that were not sealed by whom the SFU says, came twice, too often or not as they should be. */
  get ignored(): number {
    return this.#ignored;
  }

  /**
   * Listens in a room, before it is connected.
   *
   * @param nameOf what somebody is called here
   */
  async attach(room: Room, key: MeetingKey, nameOf: (identity: string) => string | undefined): Promise<void> {
    this.#nameOf = nameOf;
    this.#seal = await Seal.of(key);
    this.#room = room;
    this.#heard.clear();
    this.#sent = 0;
    // A room that is left says that everybody has gone.
    const here =
      <A extends unknown[]>(tell: (...what: A) => void) =>
      (...what: A) =>
        this.#room === room && tell(...what);
    const connected = here(() => this.#each((feature) => feature.connected?.()));
    room
      .on(
        RoomEvent.DataReceived,
        here((packet, who, _kind, topic) => this.#take(packet, who, topic)),
      )
      // Not when he is first heard of: only then does he receive what is sent.
      .on(
        RoomEvent.ParticipantActive,
        here((who) => this.#each((feature) => feature.joined?.(who.identity))),
      )
      .on(
        RoomEvent.ParticipantDisconnected,
        here((who) => {
          // After what he sent last.
          this.#opening = this.#opening.then(() => {
            this.#heard.delete(who.identity);
            this.#each((feature) => feature.left?.(who.identity));
          });
        }),
      )
      .on(RoomEvent.Connected, connected)
      .on(RoomEvent.Reconnected, connected);
    room.localParticipant.on(
      ParticipantEvent.ParticipantPermissionsChanged,
      here(() => this.#notify()),
    );
  }

  /** The participation has ended; what was said stays for one that follows. */
  detach(): void {
    this.#room = undefined;
    this.#each((feature) => feature.disconnected?.());
  }

  get #mayWrite(): boolean {
    return this.#room?.localParticipant.permissions?.canPublishData === true;
  }

  #each(tell: (feature: Feature) => void): void {
    for (const feature of this.#features) tell(feature);
    this.#notify();
  }

  #take(packet: Uint8Array, who: RemoteParticipant | undefined, topic: string | undefined): void {
    const there = who && this.#room?.remoteParticipants.get(who.identity) === who;
    if (!there || topic !== TOPIC || packet.length > MAX_PACKET_BYTES || this.#pending >= MAX_PENDING) {
      this.#ignored += 1;
      return;
    }
    this.#pending += 1;
    // One after the other: opening takes time, and order matters.
    this.#opening = this.#opening
      .then(() => this.#open(packet, who))
      .catch(() => {
        this.#ignored += 1;
      })
      .finally(() => {
        this.#pending -= 1;
      });
  }

  async #open(packet: Uint8Array, who: RemoteParticipant): Promise<void> {
    const opened = await this.#seal?.open(who.identity, packet);
    const read = opened && readMessage(opened.json);
    if (!read) {
      this.#ignored += 1;
      return;
    }
    const heard = this.#heard.get(who.identity) ?? { rates: new Rates(), number: -1 };
    this.#heard.set(who.identity, heard);
    if (read.number <= heard.number || !heard.rates.take(read.message.kind)) {
      this.#ignored += 1;
      return;
    }
    heard.number = read.number;
    for (const feature of this.#features) feature.receive(read.message, this.#sender(who), opened.bytes);
  }

  async #send(message: Message, to?: readonly string[], bytes?: Uint8Array): Promise<void> {
    const room = this.#room;
    if (!room || !this.#mayWrite) throw new Error("nothing can be sent now");
    const { identity } = room.localParticipant;
    const json = { ...message, n: this.#sent++ };
    // In the order of their numbers, however long sealing takes.
    const sent = this.#sending.then(async () => {
      const packet = await this.#seal?.seal(identity, json, bytes);
      if (!packet) return;
      const options = { reliable: true, topic: TOPIC, ...(to ? { destinationIdentities: [...to] } : {}) };
      await room.localParticipant.publishData(packet, options);
    });
    this.#sending = sent.catch(() => undefined);
    await sent;
  }

  #sender(who: Room["localParticipant"] | RemoteParticipant | undefined): Sender {
    const identity = who?.identity ?? "";
    return {
      identity,
      name: this.#nameOf(identity) ?? visibleName(who?.name, identity),
      role: roleOf(who?.attributes["role"]),
      self: who !== undefined && who === this.#room?.localParticipant,
    };
  }

  #notify(): void {
    this.#state = this.#snapshot();
    for (const listener of this.#listeners) listener();
  }

  #snapshot(): DataState {
    return {
      mayWrite: this.#mayWrite,
      ...this.chat.state(),
      ...this.files.state(),
      ...this.polls.state(),
      ...this.reactions.state(),
    };
  }
}
