/** The ways that picture and sound can take, best first. */
export const WAYS = ["udp", "turn-udp", "tcp", "turn-tls"] as const;
export type Way = (typeof WAYS)[number];

/** What is known of a way: it carried the check, it would have, it was tried in vain, or nobody tried. */
export type State = "used" | "open" | "blocked" | "untried";

/** One row of a browser's statistics (W3C webrtc-stats), of which only some fields are known to be there. */
export interface Entry {
  id: string;
  type: string;
  [field: string]: unknown;
}

export const entriesOf = (report: RTCStatsReport | undefined): Entry[] => {
  const found: Entry[] = [];
  report?.forEach((entry: Entry) => {
    found.push(entry);
  });
  return found;
};

export const numberOf = (entry: Entry | undefined, field: string): number | undefined => {
  const value = entry?.[field];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
};

export const textOf = (entry: Entry | undefined, field: string): string => {
  const value = entry?.[field];
  return typeof value === "string" ? value : "";
};

/** Through a relay also goes a candidate that its peer reflected, because it saw the relay under another address. */
const isRelayed = (local: Entry) => textOf(local, "candidateType") === "relay" || textOf(local, "relayProtocol") !== "";

export function wayOf(local: Entry): Way {
  if (isRelayed(local)) return textOf(local, "relayProtocol") === "udp" ? "turn-udp" : "turn-tls";
  return textOf(local, "protocol") === "tcp" ? "tcp" : "udp";
}

const byId = (entries: readonly Entry[], id: unknown) => entries.find((entry) => entry.id === id);

export function selectedPair(entries: readonly Entry[]): Entry | undefined {
  const transport = entries.find((entry) => entry.type === "transport" && "selectedCandidatePairId" in entry);
  const chosen = byId(entries, transport?.["selectedCandidatePairId"]);
  // Firefox says it at the pair.
  return chosen ?? entries.find((entry) => entry.type === "candidate-pair" && entry["selected"] === true);
}

export function selectedWay(entries: readonly Entry[]): Way | undefined {
  const local = byId(entries, selectedPair(entries)?.["localCandidateId"]);
  return local && wayOf(local);
}

/** The worse of the ways that the two directions took. */
export function worse(one: Way | undefined, other: Way | undefined): Way | undefined {
  if (!one || !other) return undefined;
  return WAYS.indexOf(one) > WAYS.indexOf(other) ? one : other;
}

/** IP version between the browser and the site, as far as the browser tells. */
export function addressFamily(entries: readonly Entry[]): 4 | 6 | null {
  const pair = selectedPair(entries);
  const local = byId(entries, pair?.["localCandidateId"]);
  const relayed = local !== undefined && isRelayed(local);
  // Behind a relay the other candidate is the relay's own business.
  const address = relayed
    ? textOf(local, "relatedAddress")
    : textOf(byId(entries, pair?.["remoteCandidateId"]), "address");
  return address === "" ? null : address.includes(":") ? 6 : 4;
}

export interface Seen {
  /** Ways on which the other side answered. */
  answered: ReadonlySet<Way>;
  /** Addresses the site offered, by protocol. */
  offered: Readonly<Record<"udp" | "tcp", readonly string[]>>;
}

/** What one connection tried, whether or not it came about. */
export function seen(entries: readonly Entry[]): Seen {
  const answered = new Set<Way>();
  for (const entry of entries) {
    if (entry.type === "local-candidate" && textOf(entry, "candidateType") === "relay") answered.add(wayOf(entry));
    if (entry.type !== "candidate-pair" || !numberOf(entry, "responsesReceived")) continue;
    const local = byId(entries, entry["localCandidateId"]);
    if (local) answered.add(wayOf(local));
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
 * Says of each way what is known.
 *
 * A browser tries all ways at once and stops as soon as one is good, so a worse way that did not answer may never have
 * been asked; a better one was asked until the end.
 *
 * @param path the way that carries the check, if any does
 * @param answered ways on which the site answered while connecting
 * @param relays relays that were tried by themselves, and whether they answered
 */
export function states(
  path: Way | undefined,
  answered: ReadonlySet<Way>,
  relays: ReadonlyMap<Way, boolean>,
): Record<Way, State> {
  const state = (way: Way): State => {
    if (way === path) return "used";
    if (answered.has(way) || relays.get(way)) return "open";
    if (relays.has(way)) return "blocked";
    // The order of a browser (RFC 8445, 5.1.2): straight before relayed, whatever the protocol.
    const preferred = way === "udp" || (way === "tcp" && path !== "udp");
    return preferred ? "blocked" : "untried";
  };
  return { udp: state("udp"), "turn-udp": state("turn-udp"), tcp: state("tcp"), "turn-tls": state("turn-tls") };
}
