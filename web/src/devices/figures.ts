import { type Entry, numberOf, selectedPair, textOf } from "./ways";

/** What came through, between two looks at the statistics. */
export interface Figures {
  round_trip_ms: number | null;
  loss_percent: number | null;
  jitter_ms: number | null;
  frames_sent: number;
  frames_received: number;
  receive_kbps: number | null;
}

export const NOTHING: Figures = {
  round_trip_ms: null,
  loss_percent: null,
  jitter_ms: null,
  frames_sent: 0,
  frames_received: 0,
  receive_kbps: null,
};

/** Both connections at one moment. */
export interface Look {
  at: number;
  sender: readonly Entry[];
  receiver: readonly Entry[];
}

const round = (value: number, digits = 0) => Math.round(value * 10 ** digits) / 10 ** digits;

const streams = (entries: readonly Entry[], type: string, kind?: string) =>
  entries.filter((entry) => entry.type === type && (kind === undefined || textOf(entry, "kind") === kind));

const total = (entries: readonly Entry[], field: string) =>
  entries.reduce((sum, entry) => sum + (numberOf(entry, field) ?? 0), 0);

function share(lost: number, all: number): number | undefined {
  return all > 0 ? Math.max(0, lost) / all : undefined;
}

/** Share of packets that did not arrive: the browser counts those towards it, the SFU reports those from it. */
function loss(before: Look, after: Look): number | null {
  const since = (side: "sender" | "receiver", type: string, field: string) =>
    total(streams(after[side], type), field) - total(streams(before[side], type), field);
  const lostDown = since("receiver", "inbound-rtp", "packetsLost");
  const down = share(lostDown, lostDown + since("receiver", "inbound-rtp", "packetsReceived"));
  const up = share(
    since("sender", "remote-inbound-rtp", "packetsLost"),
    since("sender", "outbound-rtp", "packetsSent"),
  );
  const known = [down, up].filter((value) => value !== undefined);
  return known.length ? round(Math.max(...known) * 100, 1) : null;
}

/** Of the sound where there is any: it is sent evenly, a picture in bursts. */
function jitter(receiver: readonly Entry[]): number | null {
  const sound = streams(receiver, "inbound-rtp", "audio").find((entry) => numberOf(entry, "packetsReceived"));
  const seconds = numberOf(sound ?? streams(receiver, "inbound-rtp", "video")[0], "jitter");
  return seconds === undefined ? null : round(seconds * 1000, 1);
}

function roundTrip(looks: readonly Look[]): number | null {
  const times = looks
    .flatMap((look) => [selectedPair(look.sender), selectedPair(look.receiver)])
    .map((pair) => numberOf(pair, "currentRoundTripTime"))
    .filter((seconds) => seconds !== undefined)
    .sort((a, b) => a - b);
  const middle = times[Math.floor((times.length - 1) / 2)];
  return middle === undefined ? null : round(middle * 1000);
}

export const framesDecoded = (receiver: readonly Entry[]) =>
  total(streams(receiver, "inbound-rtp", "video"), "framesDecoded");

/** @param looks at least two, in order of time */
export function figures(looks: readonly Look[]): Figures {
  const before = looks[0];
  const after = looks.at(-1);
  if (!before || !after || after.at <= before.at) return NOTHING;
  const sent = (look: Look) => total(streams(look.sender, "outbound-rtp", "video"), "framesSent");
  const bytes = (look: Look) => total(streams(look.receiver, "inbound-rtp"), "bytesReceived");
  return {
    round_trip_ms: roundTrip(looks),
    loss_percent: loss(before, after),
    jitter_ms: jitter(after.receiver),
    frames_sent: sent(after) - sent(before),
    frames_received: framesDecoded(after.receiver) - framesDecoded(before.receiver),
    // Milliseconds and bits: the factors of 1000 cancel.
    receive_kbps: round(((bytes(after) - bytes(before)) * 8) / (after.at - before.at)),
  };
}
