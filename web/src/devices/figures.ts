import { numberOf, type StatsEntry, selectedPair, textOf } from "./rtcStats";

/** What came through, between two samples of the statistics. */
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
export interface StatsSample {
  at: number;
  sender: readonly StatsEntry[];
  receiver: readonly StatsEntry[];
}

const round = (value: number, digits = 0) => Math.round(value * 10 ** digits) / 10 ** digits;

const streams = (entries: readonly StatsEntry[], type: string, kind?: string) =>
  entries.filter((entry) => entry.type === type && (kind === undefined || textOf(entry, "kind") === kind));

const total = (entries: readonly StatsEntry[], field: string) =>
  entries.reduce((sum, entry) => sum + (numberOf(entry, field) ?? 0), 0);

function share(lost: number, all: number): number | undefined {
  return all > 0 ? Math.max(0, lost) / all : undefined;
}

/** Packet loss of the worse direction: the browser counts it downstream, the SFU reports it upstream. */
function loss(before: StatsSample, after: StatsSample): number | null {
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

/** Of the audio where there is any: it is sent evenly, video in bursts. */
function jitter(receiver: readonly StatsEntry[]): number | null {
  const audio = streams(receiver, "inbound-rtp", "audio").find((entry) => numberOf(entry, "packetsReceived"));
  const seconds = numberOf(audio ?? streams(receiver, "inbound-rtp", "video")[0], "jitter");
  return seconds === undefined ? null : round(seconds * 1000, 1);
}

function roundTrip(samples: readonly StatsSample[]): number | null {
  const times = samples
    .flatMap((sample) => [selectedPair(sample.sender), selectedPair(sample.receiver)])
    .map((pair) => numberOf(pair, "currentRoundTripTime"))
    .filter((seconds) => seconds !== undefined)
    .sort((a, b) => a - b);
  const middle = times[Math.floor((times.length - 1) / 2)];
  return middle === undefined ? null : round(middle * 1000);
}

export const framesDecoded = (receiver: readonly StatsEntry[]) =>
  total(streams(receiver, "inbound-rtp", "video"), "framesDecoded");

/** @param samples at least two, in order of time */
export function figures(samples: readonly StatsSample[]): Figures {
  const before = samples[0];
  const after = samples.at(-1);
  if (!before || !after || after.at <= before.at) return NOTHING;
  const sent = (sample: StatsSample) => total(streams(sample.sender, "outbound-rtp", "video"), "framesSent");
  const bytes = (sample: StatsSample) => total(streams(sample.receiver, "inbound-rtp"), "bytesReceived");
  return {
    round_trip_ms: roundTrip(samples),
    loss_percent: loss(before, after),
    jitter_ms: jitter(after.receiver),
    frames_sent: sent(after) - sent(before),
    frames_received: framesDecoded(after.receiver) - framesDecoded(before.receiver),
    // Milliseconds and bits: the factors of 1000 cancel.
    receive_kbps: round(((bytes(after) - bytes(before)) * 8) / (after.at - before.at)),
  };
}
