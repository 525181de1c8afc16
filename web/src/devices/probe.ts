import { Room, RoomEvent, Track } from "livekit-client";
import { type Check, PortalError, portal } from "../api/portal";
import { failClosedWorker } from "../e2ee/failClosedWorker";
import { newMeetingKey } from "../e2ee/meetingKey";
import { SharedKeyProvider } from "../e2ee/SharedKeyProvider";
import { encryptionSupport } from "../e2ee/support";
import { type Figures, figures, framesDecoded, type Look, NOTHING } from "./figures";
import { answers, type Relay, relaysOf } from "./relay";
import { type TestSignal, testSignal } from "./testPicture";
import { addressFamily, type Entry, entriesOf, type State, seen, selectedWay, states, type Way, worse } from "./ways";
import "../silence";

const CONNECT_MS = 12_000;
const FIRST_PICTURE_MS = 8000;
const MEASURE_MS = 6000;
const LOOK_EVERY_MS = 250;

/** Where it ended: `ok`, or what did not come about. */
export type Stage = "ok" | "browser" | "portal" | "signalling" | "media" | "nothing-received";
export type Step = "site" | "path" | "media";

export interface Rule {
  way: Way;
  protocol: "udp" | "tcp";
  port: number;
  to: string[];
}

export interface ProbeResult extends Figures {
  path: Way | "none";
  stage: Stage;
  address_family: 4 | 6 | null;
  join_ms: number | null;
  ways: Record<Way, State>;
  blocked: Way[];
  /** What a firewall would have to let through, best first; empty while the best way is used. */
  ask: Rule[];
  /** The site's ports for picture and sound, as the portal named them. */
  ports: Check["ports"] | null;
  /** Why the portal gave no room for a check. */
  refused: string | null;
}

const UNTRIED: Record<Way, State> = { udp: "untried", "turn-udp": "untried", tcp: "untried", "turn-tls": "untried" };

export const ended = (stage: Stage, refused: string | null = null): ProbeResult => ({
  ...NOTHING,
  path: "none",
  stage,
  address_family: null,
  join_ms: null,
  ways: UNTRIED,
  blocked: [],
  ask: [],
  ports: null,
  refused,
});

/** One of the two connections, and what was last seen of it. */
class Side {
  readonly room: Room;
  readonly #keys = new SharedKeyProvider();
  readonly #worker = failClosedWorker();
  signalled = false;
  entries: readonly Entry[] = [];
  servers: readonly RTCIceServer[] = [];

  constructor() {
    this.room = new Room({ encryption: { keyProvider: this.#keys, worker: this.#worker } });
    this.room.on(RoomEvent.SignalConnected, () => {
      this.signalled = true;
    });
  }

  async connect(check: Check, token: string, key: ReturnType<typeof newMeetingKey>): Promise<void> {
    await this.#keys.use(key);
    await this.room.setE2EEEnabled(true);
    await this.room.connect(check.url, token, {
      maxRetries: 0,
      websocketTimeout: CONNECT_MS,
      peerConnectionTimeout: CONNECT_MS,
    });
  }

  /** Looks at the statistics; a connection that is gone leaves the last ones. */
  async look(): Promise<readonly Entry[]> {
    const transports = this.room.engine?.pcManager;
    const found = entriesOf(await (transports?.subscriber ?? transports?.publisher)?.getStats());
    if (found.length > 0) this.entries = found;
    this.servers = this.room.engine?.latestJoinResponse?.iceServers ?? this.servers;
    return this.entries;
  }

  async close(): Promise<void> {
    await this.room.disconnect(true);
    this.#worker.terminate();
  }
}

/** Calls `look` now and then until `done` says so, the time is over or the check is called off. */
async function watch(
  look: () => Promise<unknown>,
  done: () => boolean,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + ms;
  do {
    await look();
    signal.throwIfAborted();
    if (done()) return;
    await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
    signal.throwIfAborted();
  } while (performance.now() < until);
}

class Probe {
  readonly #check: Check;
  readonly #signal: AbortSignal;
  readonly #sender = new Side();
  readonly #receiver = new Side();
  readonly #media: TestSignal = testSignal();
  #joinMs: number | null = null;

  constructor(check: Check, signal: AbortSignal) {
    this.#check = check;
    this.#signal = signal;
  }

  async run(onStep: (step: Step) => void): Promise<ProbeResult> {
    try {
      onStep("path");
      if (!(await this.#connect())) {
        const signalled = this.#sender.signalled || this.#receiver.signalled;
        return signalled ? await this.#result("media", NOTHING) : ended("signalling");
      }
      onStep("media");
      const looks = (await this.#publish()) ? await this.#measure() : [];
      return await this.#result(looks.length > 0 ? "ok" : "nothing-received", figures(looks));
    } finally {
      this.#media.stop();
      await Promise.all([this.#sender.close(), this.#receiver.close()]);
    }
  }

  async #connect(): Promise<boolean> {
    const [forSender = "", forReceiver = ""] = this.#check.tokens;
    const key = newMeetingKey();
    const began = performance.now();
    let over = false;
    const both = Promise.allSettled([
      this.#sender.connect(this.#check, forSender, key),
      this.#receiver.connect(this.#check, forReceiver, key),
    ]).finally(() => {
      over = true;
    });
    // The statistics are gone with the connection, so they are looked at while it is tried.
    await watch(
      () => this.#look(),
      () => over,
      4 * CONNECT_MS,
      this.#signal,
    );
    const connected = (await both).every(({ status }) => status === "fulfilled");
    if (connected) this.#joinMs = Math.round(performance.now() - began);
    return connected;
  }

  async #publish(): Promise<boolean> {
    const me = this.#sender.room.localParticipant;
    const published = await Promise.allSettled([
      me.publishTrack(this.#media.picture, {
        source: Track.Source.Camera,
        simulcast: false,
        videoCodec: "vp8",
        videoEncoding: { maxBitrate: 600_000, maxFramerate: 15 },
      }),
      me.publishTrack(this.#media.tone, { source: Track.Source.Microphone, dtx: false, red: false }),
    ]);
    this.#signal.throwIfAborted();
    return published.every(({ status }) => status === "fulfilled");
  }

  async #look(): Promise<Look> {
    const [sender, receiver] = await Promise.all([this.#sender.look(), this.#receiver.look()]);
    return { at: performance.now(), sender, receiver };
  }

  async #measure(): Promise<Look[]> {
    const looks: Look[] = [];
    const look = async () => looks.push(await this.#look());
    const arrives = () => framesDecoded(this.#receiver.entries) > 0;
    await watch(look, arrives, FIRST_PICTURE_MS, this.#signal);
    if (!arrives()) return [];
    looks.splice(0);
    await watch(look, () => false, MEASURE_MS, this.#signal);
    return looks;
  }

  async #result(stage: Stage, found: Figures): Promise<ProbeResult> {
    const [sender, receiver] = [this.#sender.entries, this.#receiver.entries];
    const path = stage === "media" ? undefined : worse(selectedWay(sender), selectedWay(receiver));
    const tried = [seen(sender), seen(receiver)];
    const answered = new Set(tried.flatMap((one) => [...one.answered]));
    const relays = relaysOf(this.#sender.servers.length ? this.#sender.servers : this.#receiver.servers);
    const opened = new Map<Way, boolean>();
    await Promise.all(
      relays.map(async (relay) => {
        const open = await answers(relay, this.#signal);
        // One address of a relay is enough.
        opened.set(relay.way, open || opened.get(relay.way) === true);
      }),
    );
    this.#signal.throwIfAborted();
    const ways = states(path, answered, opened);
    const offered = (protocol: "udp" | "tcp") => [...new Set(tried.flatMap((one) => one.offered[protocol]))].sort();
    return {
      ...found,
      path: path ?? "none",
      stage,
      address_family: addressFamily(receiver),
      join_ms: this.#joinMs,
      ways,
      blocked: (Object.keys(ways) as Way[]).filter((way) => ways[way] === "blocked"),
      ask: rules(ways, this.#check.ports, offered, relays),
      ports: this.#check.ports,
      refused: null,
    };
  }
}

/** What to let through: every way that is blocked, best first, to the addresses that this browser was given. */
export function rules(
  ways: Record<Way, State>,
  ports: Check["ports"],
  offered: (protocol: "udp" | "tcp") => string[],
  relays: readonly Relay[],
): Rule[] {
  const hosts = (way: Way) => [...new Set(relays.filter((relay) => relay.way === way).map(({ host }) => host))].sort();
  const all: Rule[] = [
    { way: "udp", protocol: "udp", port: ports.udp, to: offered("udp") },
    { way: "turn-udp", protocol: "udp", port: ports.turn_udp, to: hosts("turn-udp") },
    { way: "tcp", protocol: "tcp", port: ports.tcp, to: offered("tcp") },
    { way: "turn-tls", protocol: "tcp", port: ports.turn_tls, to: hosts("turn-tls") },
  ];
  return all.filter(({ way }) => ways[way] === "blocked");
}

/**
 * Holds a small call with itself through the site's SFU: a drawn picture and a tone, end-to-end encrypted, sent by one
 * connection and received by another. Needs no camera and no permission.
 *
 * @param signal calls it off; the promise is then rejected
 * @param onStep told what is being tried
 */
export async function probe(signal: AbortSignal, onStep: (step: Step) => void = () => {}): Promise<ProbeResult> {
  if (encryptionSupport() !== "works") return ended("browser");
  onStep("site");
  let check: Check;
  try {
    // Brings the token that the next request needs.
    await portal.session();
    check = await portal.check();
  } catch (problem) {
    signal.throwIfAborted();
    return ended("portal", problem instanceof PortalError && problem.status > 0 ? problem.code : null);
  }
  signal.throwIfAborted();
  return await new Probe(check, signal).run(onStep);
}
