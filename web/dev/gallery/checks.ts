import { type MediaPath, pathStates } from "../../src/devices/paths";
import { failedProbe, firewallRules, type ProbeResult } from "../../src/devices/probe";

const PORTS = { udp: 7882, tcp: 7881, turn_udp: 3478, turn_tls: 443 };
const SERVER = "turn.conf.lab.example";
const relays = (["turn-udp", "turn-tls"] as const).map((path) => ({ path, host: SERVER, server: { urls: "" } }));

function over(path: MediaPath | undefined, changed: Partial<ProbeResult> = {}): ProbeResult {
  const tls = path !== undefined;
  const udp = path === "udp" || path === "turn-udp";
  const paths = pathStates(path, new Set(), new Map<MediaPath, boolean>().set("turn-udp", udp).set("turn-tls", tls));
  return {
    ...failedProbe(path ? "ok" : "media"),
    path: path ?? "none",
    paths,
    firewall_rules: firewallRules(paths, PORTS, () => ["2001:db8:1:2::2", "203.0.113.1"], relays),
    ports: PORTS,
    round_trip_ms: 34,
    loss_percent: 0.2,
    jitter_ms: 6.4,
    frames_sent: 90,
    frames_received: 89,
    receive_kbps: 611,
    join_ms: 812,
    address_family: 6,
    ...changed,
  };
}

/** Results of checks, each as a page of its own shows it. */
export const checks: Record<string, ProbeResult> = {
  "check-good": over("udp"),
  "check-unstable": over("udp", { loss_percent: 6.3, frames_received: 61 }),
  "check-relayed": over("turn-udp"),
  "check-tcp": over("tcp"),
  "check-tls": over("turn-tls", { round_trip_ms: 430 }),
  "check-nothing": over(undefined),
  "check-signalling": failedProbe("signalling"),
  "check-site": failedProbe("portal"),
  "check-busy": failedProbe("portal", "too_many_attempts"),
};
