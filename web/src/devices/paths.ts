import { localCandidate, numberOf, remoteCandidate, type StatsEntry, selectedPair, textOf } from "./rtcStats";

/** The paths that video and audio can take, best first. */
export const MEDIA_PATHS = ["udp", "turn-udp", "tcp", "turn-tls"] as const;
export type MediaPath = (typeof MEDIA_PATHS)[number];

/** What is known of a path: it carried the test, it would have, it was tried in vain, or it was not tried. */
export type PathState = "used" | "open" | "blocked" | "untried";

/** A peer-reflexive candidate is relayed too when a relay was seen under another address. */
const isRelayed = (local: StatsEntry) =>
  textOf(local, "candidateType") === "relay" || textOf(local, "relayProtocol") !== "";

function pathOf(local: StatsEntry): MediaPath {
  if (isRelayed(local)) return textOf(local, "relayProtocol") === "udp" ? "turn-udp" : "turn-tls";
  return textOf(local, "protocol") === "tcp" ? "tcp" : "udp";
}

export function selectedPath(entries: readonly StatsEntry[]): MediaPath | undefined {
  const local = localCandidate(entries, selectedPair(entries));
  return local && pathOf(local);
}

/** The worse of the paths that the two directions took. */
export function worsePath(one: MediaPath | undefined, other: MediaPath | undefined): MediaPath | undefined {
  if (!one || !other) return undefined;
  return MEDIA_PATHS.indexOf(one) > MEDIA_PATHS.indexOf(other) ? one : other;
}

/** IP version between the browser and the site, as far as the browser tells. */
export function addressFamily(entries: readonly StatsEntry[]): 4 | 6 | null {
  const pair = selectedPair(entries);
  const local = localCandidate(entries, pair);
  const relayed = local !== undefined && isRelayed(local);
  // Behind a relay the remote candidate says nothing about this browser's connection.
  const address = relayed ? textOf(local, "relatedAddress") : textOf(remoteCandidate(entries, pair), "address");
  return address === "" ? null : address.includes(":") ? 6 : 4;
}

export interface Connectivity {
  /** Paths on which the other side answered. */
  answered: ReadonlySet<MediaPath>;
  /** Addresses the site offered, by protocol. */
  offered: Readonly<Record<"udp" | "tcp", readonly string[]>>;
}

/** What one connection tried, whether or not it came about. */
export function connectivityOf(entries: readonly StatsEntry[]): Connectivity {
  const answered = new Set<MediaPath>();
  for (const entry of entries) {
    if (entry.type === "local-candidate" && textOf(entry, "candidateType") === "relay") answered.add(pathOf(entry));
    if (entry.type !== "candidate-pair" || !numberOf(entry, "responsesReceived")) continue;
    const local = localCandidate(entries, entry);
    if (local) answered.add(pathOf(local));
  }
  const addresses = (protocol: string) => [
    ...new Set(
      entries
        .filter((entry) => entry.type === "remote-candidate" && textOf(entry, "candidateType") === "host")
        .filter((entry) => textOf(entry, "protocol") === protocol)
        .map((entry) => textOf(entry, "address"))
        .filter(Boolean),
    ),
  ];
  return { answered, offered: { udp: addresses("udp"), tcp: addresses("tcp") } };
}

/**
 * What is known of each path.
 *
 * A browser tries all paths at once and stops as soon as one is good, so a worse path that did not answer may never have
 * been tried; a better one was tried until the end.
 *
 * @param used the path that carries the test, if any does
 * @param answered paths on which the site answered while connecting
 * @param relays relays that were tried by themselves, and whether they answered
 */
export function pathStates(
  used: MediaPath | undefined,
  answered: ReadonlySet<MediaPath>,
  relays: ReadonlyMap<MediaPath, boolean>,
): Record<MediaPath, PathState> {
  const state = (path: MediaPath): PathState => {
    if (path === used) return "used";
    if (answered.has(path) || relays.get(path)) return "open";
    if (relays.has(path)) return "blocked";
    // A browser's order (RFC 8445, 5.1.2): direct before relayed, whatever the protocol.
    const preferred = path === "udp" || (path === "tcp" && used !== "udp");
    return preferred ? "blocked" : "untried";
  };
  return { udp: state("udp"), "turn-udp": state("turn-udp"), tcp: state("tcp"), "turn-tls": state("turn-tls") };
}
