// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { figures, type StatsSample } from "../../src/devices/figures";
import {
  addressFamily,
  connectivityOf,
  type MediaPath,
  type PathState,
  pathStates,
  selectedPath,
  worsePath,
} from "../../src/devices/paths";
import { failedProbe, firewallRules, type ProbeResult } from "../../src/devices/probe";
import { relaysOf } from "../../src/devices/relay";
import type { StatsEntry } from "../../src/devices/rtcStats";
import { qualityOf, verdictOf } from "../../src/devices/verdict";
import { firewallRequest, verdictSentences } from "../../src/devices/verdictText";
import { de } from "../../src/i18n/de";
import { en } from "../../src/i18n/en";

const transport: StatsEntry = { id: "T", type: "transport", selectedCandidatePairId: "P" };
const pair = (local: string, remote = "R", more: object = {}): StatsEntry => ({
  id: "P",
  type: "candidate-pair",
  localCandidateId: local,
  remoteCandidateId: remote,
  ...more,
});
const local = (more: object): StatsEntry => ({ id: "L", type: "local-candidate", candidateType: "host", ...more });
const remote = (more: object): StatsEntry => ({ id: "R", type: "remote-candidate", candidateType: "host", ...more });
const through = (more: object, to: object = {}) => [transport, pair("L"), local(more), remote(to)];

describe("the path of a connection", () => {
  it.each([
    [{ protocol: "udp" }, "udp"],
    [{ protocol: "udp", candidateType: "prflx" }, "udp"],
    [{ protocol: "tcp" }, "tcp"],
    [{ protocol: "udp", candidateType: "relay", relayProtocol: "udp" }, "turn-udp"],
    [{ protocol: "udp", candidateType: "relay", relayProtocol: "tls" }, "turn-tls"],
    [{ protocol: "udp", candidateType: "prflx", relayProtocol: "udp" }, "turn-udp"],
  ])("is read from the chosen pair: %j is %s", (candidate, path) => {
    expect(selectedPath(through(candidate))).toBe(path);
  });

  it("is found where Firefox says it, and nowhere when there is none", () => {
    expect(selectedPath([pair("L", "R", { selected: true }), local({ protocol: "tcp" })])).toBe("tcp");
    expect(selectedPath([transport, local({ protocol: "udp" })])).toBeUndefined();
    expect(selectedPath([])).toBeUndefined();
  });

  it("is the worse one when the directions differ, and none while one has none", () => {
    expect(worsePath("udp", "turn-tls")).toBe("turn-tls");
    expect(worsePath("tcp", "turn-udp")).toBe("tcp");
    expect(worsePath("udp", undefined)).toBeUndefined();
  });

  it("has the address family of the site's address, or of what a relay saw", () => {
    expect(addressFamily(through({ protocol: "udp" }, { address: "192.0.2.98" }))).toBe(4);
    expect(addressFamily(through({ protocol: "udp" }, { address: "2001:db8::1" }))).toBe(6);
    const relay = { candidateType: "relay", relayProtocol: "tls" };
    expect(addressFamily(through({ ...relay, relatedAddress: "2001:db8::7" }, { address: "192.0.2.98" }))).toBe(6);
    expect(addressFamily(through(relay, { address: "192.0.2.98" }))).toBeNull();
  });
});

describe("what was tried", () => {
  it("is answered where an answer came or a relay gave an address", () => {
    const entries = [
      { ...pair("L", "R", { responsesReceived: 0, requestsSent: 9 }), id: "P1" },
      { ...pair("M", "R", { responsesReceived: 3 }), id: "P2" },
      local({ protocol: "udp" }),
      { ...local({ protocol: "tcp" }), id: "M" },
      { ...local({ protocol: "udp", candidateType: "relay", relayProtocol: "tls" }), id: "N" },
    ];
    expect([...connectivityOf(entries).answered].sort()).toEqual(["tcp", "turn-tls"]);
  });

  it("knows the addresses that were offered, each once, and none of a relay", () => {
    const entries = [
      remote({ protocol: "udp", address: "192.0.2.98" }),
      { ...remote({ protocol: "udp", address: "192.0.2.98" }), id: "R2" },
      { ...remote({ protocol: "tcp", address: "2001:db8::1" }), id: "R3" },
      { ...remote({ protocol: "udp", address: "198.51.100.1", candidateType: "prflx" }), id: "R4" },
    ];
    expect(connectivityOf(entries).offered).toEqual({ udp: ["192.0.2.98"], tcp: ["2001:db8::1"] });
  });

  const none = new Set<MediaPath>();
  const relays = (udp: boolean, tls: boolean) =>
    new Map<MediaPath, boolean>([
      ["turn-udp", udp],
      ["turn-tls", tls],
    ]);

  it("is blocked when it is better than the path in use and did not answer", () => {
    expect(pathStates("tcp", none, relays(false, true))).toEqual({
      udp: "blocked",
      "turn-udp": "blocked",
      tcp: "used",
      "turn-tls": "open",
    });
    expect(pathStates("turn-tls", none, relays(false, true))).toEqual({
      udp: "blocked",
      "turn-udp": "blocked",
      tcp: "blocked",
      "turn-tls": "used",
    });
  });

  it("is not called blocked when nobody needed it", () => {
    expect(pathStates("udp", none, relays(true, true)).tcp).toBe("untried");
    expect(pathStates("udp", new Set<MediaPath>(["tcp"]), relays(true, false))).toEqual({
      udp: "used",
      "turn-udp": "open",
      tcp: "open",
      "turn-tls": "blocked",
    });
  });

  it("names every path when nothing gets through", () => {
    expect(Object.values(pathStates(undefined, none, relays(false, false)))).toEqual(Array(4).fill("blocked"));
  });

  it("asks relays one by one", () => {
    const servers = [
      { urls: ["turn:turn.conf.lab.example:3478?transport=udp", "turns:turn.conf.lab.example:443?transport=tcp"] },
      { urls: "stun:192.0.2.98:3478" },
      { urls: "turn:[2001:db8::1]:3478?transport=udp", username: "u", credential: "c" },
    ];
    expect(relaysOf(servers).map(({ path, host }) => [path, host])).toEqual([
      ["turn-udp", "turn.conf.lab.example"],
      ["turn-tls", "turn.conf.lab.example"],
      ["turn-udp", "2001:db8::1"],
    ]);
    expect(relaysOf(servers)[2]?.server).toEqual({
      urls: "turn:[2001:db8::1]:3478?transport=udp",
      username: "u",
      credential: "c",
    });
  });
});

const look = (at: number, frames: number, lostDown = 0, lostUp = 0): StatsSample => ({
  at,
  sender: [
    transport,
    pair("L", "R", { currentRoundTripTime: 0.02 }),
    { id: "O", type: "outbound-rtp", kind: "video", framesSent: frames, packetsSent: frames * 2 },
    { id: "RI", type: "remote-inbound-rtp", kind: "video", packetsLost: lostUp },
  ],
  receiver: [
    transport,
    pair("L", "R", { currentRoundTripTime: 0.03 }),
    {
      id: "I",
      type: "inbound-rtp",
      kind: "video",
      framesDecoded: frames,
      packetsReceived: frames * 2 - lostDown,
      packetsLost: lostDown,
      bytesReceived: frames * 5000,
      jitter: 0.05,
    },
    { id: "A", type: "inbound-rtp", kind: "audio", packetsReceived: frames, jitter: 0.004 },
  ],
});

describe("the figures", () => {
  it("count from the first look to the last", () => {
    expect(figures([look(1000, 10), look(4000, 55), look(7000, 100)])).toEqual({
      round_trip_ms: 20,
      loss_percent: 0,
      jitter_ms: 4,
      frames_sent: 90,
      frames_received: 90,
      receive_kbps: 600,
    });
  });

  it("name the loss of the worse direction", () => {
    expect(figures([look(0, 0), look(6000, 100, 10)]).loss_percent).toBe(3.3);
    expect(figures([look(0, 0), look(6000, 100, 10, 40)]).loss_percent).toBe(20);
  });

  it("are nothing when nothing was seen", () => {
    expect(figures([]).frames_received).toBe(0);
    expect(figures([look(0, 0)]).round_trip_ms).toBeNull();
  });
});

const PATHS_OPEN: Record<MediaPath, PathState> = {
  udp: "used",
  "turn-udp": "open",
  tcp: "untried",
  "turn-tls": "open",
};
const PORTS = { udp: 7882, tcp: 7881, turn_udp: 3478, turn_tls: 443 };
const found = (changed: Partial<ProbeResult> = {}): ProbeResult => ({
  ...failedProbe("ok"),
  path: "udp",
  round_trip_ms: 20,
  loss_percent: 0,
  jitter_ms: 3,
  frames_sent: 90,
  frames_received: 90,
  receive_kbps: 600,
  paths: PATHS_OPEN,
  ...changed,
});
const offered = (protocol: "udp" | "tcp") => (protocol === "udp" ? ["192.0.2.98"] : ["192.0.2.98", "2001:db8::1"]);
const turn = relaysOf([{ urls: "turns:turn.conf.lab.example:443?transport=tcp" }]);
const over = (path: MediaPath | undefined): Partial<ProbeResult> => {
  const paths = pathStates(path, new Set(), new Map([["turn-tls", path !== undefined] as const]));
  return {
    path: path ?? "none",
    paths,
    firewall_rules: firewallRules(paths, PORTS, offered, turn),
    stage: path ? "ok" : "media",
  };
};

describe("the verdict", () => {
  it.each([
    [{}, "good"],
    [{ round_trip_ms: 200 }, "fair"],
    [{ loss_percent: 1.5 }, "fair"],
    [{ round_trip_ms: 450 }, "slow"],
    [{ jitter_ms: 60 }, "unstable"],
    [{ loss_percent: 5 }, "unstable"],
    [{ frames_received: 60 }, "unstable"],
    [{ round_trip_ms: null, loss_percent: null, jitter_ms: null }, "good"],
  ])("on the quality: %j is %s", (changed, quality) => {
    expect(qualityOf(found(changed))).toBe(quality);
    expect(verdictOf(found(changed)).name).toBe(quality);
  });

  it.each([
    [over("tcp"), "tcp-only", "warn"],
    [over("turn-udp"), "relayed", "good"],
    [over("turn-tls"), "only-443", "warn"],
    [over(undefined), "inspected", "bad"],
    [{ stage: "nothing-received" }, "no-media", "bad"],
    [{ stage: "signalling" }, "no-signalling", "bad"],
    [{ stage: "browser" }, "no-webrtc", "bad"],
    [{ stage: "portal" }, "unreachable", "bad"],
    [{ stage: "portal", refused: "too_many_attempts" }, "busy", "warn"],
    [{ stage: "portal", refused: "site_isolated" }, "isolated", "bad"],
    [{ stage: "portal", refused: "media_unavailable" }, "refused", "warn"],
  ] as [Partial<ProbeResult>, string, string][])("on the path: %# is %s", (changed, name, tone) => {
    const verdict = verdictOf(found(changed));
    expect([verdict.name, verdict.tone]).toEqual([name, tone]);
    for (const catalogue of [en, de]) {
      expect(verdictSentences(catalogue, verdict, found(changed)).join(" ").length).toBeGreaterThan(20);
      expect(catalogue.check.headlines[verdict.name]).toBeTruthy();
    }
  });

  it("says what is blocked and what to ask for", () => {
    const slow = found(over("tcp"));
    expect(verdictSentences(en, verdictOf(slow), slow).join(" ")).toContain("Your network blocks UDP to port 7882.");
    expect(firewallRequest(en, verdictOf(slow), slow, "conf.lab.example")).toBe(
      [
        "For video meetings at meet.conf.lab.example, please allow:",
        "- UDP port 7882 to 192.0.2.98 (video and audio)",
        "and the return traffic.",
      ].join("\n"),
    );
  });

  it("asks for nothing when the best path is open", () => {
    expect(firewallRequest(en, verdictOf(found()), found(), "conf.lab.example")).toBeUndefined();
  });

  it("asks for everything, the best first, when nothing gets through", () => {
    const nothing = found(over(undefined));
    const lines = firewallRequest(de, verdictOf(nothing), nothing, "conf.lab.example")?.split("\n") ?? [];
    expect(lines.slice(1, -1)).toEqual([
      "- UDP-Port 7882 zu 192.0.2.98 (Video und Audio)",
      "- TCP-Port 7881 zu 192.0.2.98, 2001:db8::1 (Video und Audio ohne UDP)",
      "- TCP-Port 443 zu turn.conf.lab.example (Relay in TLS; von der TLS-Inspektion ausnehmen, da es kein Webverkehr ist)",
    ]);
  });

  it("asks for WebSockets when calls cannot be set up", () => {
    const text = firewallRequest(
      en,
      verdictOf(found({ stage: "signalling" })),
      failedProbe("signalling"),
      "conf.lab.example",
    );
    expect(text).toContain("wss) to media.conf.lab.example, TCP port 443");
  });
});
