import { Room, RoomEvent, Track } from "livekit-client";
import { type Check, PortalError, portal } from "../api/portal";
import { encryptionWorker } from "../e2ee/encryptionWorker";
import { newMeetingKey } from "../e2ee/meetingKey";
import { SharedKeyProvider } from "../e2ee/SharedKeyProvider";
import { encryptionSupport } from "../e2ee/support";
import { type Figures, figures, framesDecoded, NOTHING, type StatsSample } from "./figures";
import {
  addressFamily,
  connectivityOf,
  type MediaPath,
  type PathState,
  pathStates,
  selectedPath,
  worsePath,
} from "./paths";
import { type Relay, relayAnswers, relaysOf } from "./relay";
import { type StatsEntry, statsEntriesOf } from "./rtcStats";
import { type TestMedia, testMedia } from "./testMedia";
import "../silence";

const CONNECT_MS = 12_000;
const FIRST_FRAME_MS = 8000;
const MEASURE_MS = 6000;
const SAMPLE_EVERY_MS = 250;

/** Where it ended: `ok`, or what did not come about. */
export type Stage = "ok" | "browser" | "portal" | "signalling" | "media" | "nothing-received";
export type Step = "site" | "path" | "media";

export interface FirewallRule {
  path: MediaPath;
  protocol: "udp" | "tcp";
  port: number;
  to: string[];
}

export interface ProbeResult extends Figures {
  path: MediaPath | "none";
  stage: Stage;
  address_family: 4 | 6 | null;
  join_ms: number | null;
  paths: Record<MediaPath, PathState>;
  blocked: MediaPath[];
  /** What a firewall would have to allow, best first; empty while the best path is used. */
  firewall_rules: FirewallRule[];
  /** The site's ports for video and audio, as the portal named them. */
  ports: Check["ports"] | null;
  /** Why the portal refused a room for the test; null also when it did not answer. */
  refused: PortalError["code"] | null;
}

const UNTRIED: Record<MediaPath, PathState> = {
  udp: "untried",
  "turn-udp": "untried",
  tcp: "untried",
  "turn-tls": "untried",
};

export const failedProbe = (stage: Stage, refused: ProbeResult["refused"] = null): ProbeResult => ({
  ...NOTHING,
  path: "none",
  stage,
  address_family: null,
  join_ms: null,
  paths: UNTRIED,
  blocked: [],
  firewall_rules: [],
  ports: null,
  refused,
});

/** One of the two connections, with its latest statistics. */
class Side {
  readonly room: Room;
  readonly #keys = new SharedKeyProvider();
  readonly #worker = encryptionWorker().worker;
  signalled = false;
  entries: readonly StatsEntry[] = [];
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

  /** Reads the statistics; a connection that is gone leaves the last ones. */
  async sample(): Promise<readonly StatsEntry[]> {
    const transports = this.room.engine?.pcManager;
    const entries = statsEntriesOf(await (transports?.subscriber ?? transports?.publisher)?.getStats());
    if (entries.length > 0) this.entries = entries;
    this.servers = this.room.engine?.latestJoinResponse?.iceServers ?? this.servers;
    return this.entries;
  }

  async close(): Promise<void> {
    await this.room.disconnect(true);
    this.#worker.terminate();
  }
}

/** Calls `take` repeatedly until `done` says so, the time is over or the test is aborted. */
async function watch(
  take: () => Promise<unknown>,
  done: () => boolean,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + ms;
  do {
    await take();
    signal.throwIfAborted();
    if (done()) return;
    await new Promise((next) => setTimeout(next, SAMPLE_EVERY_MS));
    signal.throwIfAborted();
  } while (performance.now() < until);
}

class Probe {
  readonly #check: Check;
  readonly #signal: AbortSignal;
  readonly #sender = new Side();
  readonly #receiver = new Side();
  readonly #media: TestMedia = testMedia();
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
        return signalled ? await this.#result("media", NOTHING) : failedProbe("signalling");
      }
      onStep("media");
      const samples = (await this.#publish()) ? await this.#measure() : [];
      return await this.#result(samples.length > 0 ? "ok" : "nothing-received", figures(samples));
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
    // The statistics are gone with the connection, so they are read while it is tried.
    await watch(
      () => this.#sample(),
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
      me.publishTrack(this.#media.video, {
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

  async #sample(): Promise<StatsSample> {
    const [sender, receiver] = await Promise.all([this.#sender.sample(), this.#receiver.sample()]);
    return { at: performance.now(), sender, receiver };
  }

  async #measure(): Promise<StatsSample[]> {
    const samples: StatsSample[] = [];
    const take = async () => samples.push(await this.#sample());
    const arrives = () => framesDecoded(this.#receiver.entries) > 0;
    await watch(take, arrives, FIRST_FRAME_MS, this.#signal);
    if (!arrives()) return [];
    samples.splice(0);
    await watch(take, () => false, MEASURE_MS, this.#signal);
    return samples;
  }

  async #result(stage: Stage, measured: Figures): Promise<ProbeResult> {
    const [sender, receiver] = [this.#sender.entries, this.#receiver.entries];
    const path = stage === "media" ? undefined : worsePath(selectedPath(sender), selectedPath(receiver));
    const tried = [connectivityOf(sender), connectivityOf(receiver)];
    const answered = new Set(tried.flatMap((one) => [...one.answered]));
    const relays = relaysOf(this.#sender.servers.length ? this.#sender.servers : this.#receiver.servers);
    const opened = new Map<MediaPath, boolean>();
    await Promise.all(
      relays.map(async (relay) => {
        const open = await relayAnswers(relay, this.#signal);
        // One address of a relay is enough.
        opened.set(relay.path, open || opened.get(relay.path) === true);
      }),
    );
    this.#signal.throwIfAborted();
    const paths = pathStates(path, answered, opened);
    const offered = (protocol: "udp" | "tcp") => [...new Set(tried.flatMap((one) => one.offered[protocol]))].sort();
    return {
      ...measured,
      path: path ?? "none",
      stage,
      address_family: addressFamily(receiver),
      join_ms: this.#joinMs,
      paths,
      blocked: (Object.keys(paths) as MediaPath[]).filter((path) => paths[path] === "blocked"),
      firewall_rules: firewallRules(paths, this.#check.ports, offered, relays),
      ports: this.#check.ports,
      refused: null,
    };
  }
}

/** What to allow: every path that is blocked, best first, to the addresses that this browser was given. */
export function firewallRules(
  paths: Record<MediaPath, PathState>,
  ports: Check["ports"],
  offered: (protocol: "udp" | "tcp") => string[],
  relays: readonly Relay[],
): FirewallRule[] {
  const hosts = (path: MediaPath) =>
    [...new Set(relays.filter((relay) => relay.path === path).map(({ host }) => host))].sort();
  const all: FirewallRule[] = [
    { path: "udp", protocol: "udp", port: ports.udp, to: offered("udp") },
    { path: "turn-udp", protocol: "udp", port: ports.turn_udp, to: hosts("turn-udp") },
    { path: "tcp", protocol: "tcp", port: ports.tcp, to: offered("tcp") },
    { path: "turn-tls", protocol: "tcp", port: ports.turn_tls, to: hosts("turn-tls") },
  ];
  return all.filter(({ path }) => paths[path] === "blocked");
}

/**
 * Tests the connection with a small call through the site's SFU: generated video and a tone, end-to-end encrypted, sent
 * by one connection and received by another. Needs no camera and no permission.
 *
 * @param signal aborts it; the promise is then rejected
 * @param onStep called with what is being tried
 */
export async function probe(signal: AbortSignal, onStep: (step: Step) => void = () => {}): Promise<ProbeResult> {
  if (encryptionSupport() !== "works") return failedProbe("browser");
  onStep("site");
  let check: Check;
  try {
    // Brings the CSRF token that the next request needs.
    await portal.session();
    check = await portal.check();
  } catch (error) {
    signal.throwIfAborted();
    return failedProbe("portal", error instanceof PortalError && error.status > 0 ? error.code : null);
  }
  signal.throwIfAborted();
  return await new Probe(check, signal).run(onStep);
}
