import type { ProbeResult } from "./probe";

/** How well it works, whatever the way. */
export type Quality = "good" | "fair" | "slow" | "uneven";

/** The one word for a check: the quality on the best way, else what is to be known first. */
export type Name =
  | Quality
  | "relayed"
  | "slow-way"
  | "only-443"
  | "nothing"
  | "inspected"
  | "no-signalling"
  | "no-site"
  | "busy"
  | "isolated"
  | "refused"
  | "no-webrtc";

export interface Verdict {
  name: Name;
  /** Given when picture and sound came through. */
  quality: Quality | undefined;
  tone: "good" | "warn" | "bad";
}

/**
 * Limits after ITU-T G.114 (300 ms there and back is unnoticed by most, 800 ms spoils a conversation, of which people and
 * programs take half) and G.1010 (a lost share above 3 % is heard and seen); what varies more than 40 ms outgrows the
 * browser's usual buffer.
 */
const FAIR_MS = 150;
const SLOW_MS = 400;
const UNEVEN_MS = 40;
const FAIR_LOSS = 1;
const UNEVEN_LOSS = 3;
/** Share of the frames sent that must arrive and decode. */
const WHOLE = 0.8;

export function qualityOf(found: ProbeResult): Quality {
  const { round_trip_ms: time, loss_percent: loss, jitter_ms: jitter } = found;
  if ((loss ?? 0) >= UNEVEN_LOSS || found.frames_received < found.frames_sent * WHOLE) return "uneven";
  if ((time ?? 0) > SLOW_MS) return "slow";
  if ((jitter ?? 0) > UNEVEN_MS) return "uneven";
  return (time ?? 0) > FAIR_MS || (loss ?? 0) >= FAIR_LOSS ? "fair" : "good";
}

const toneOf = (quality: Quality): Verdict["tone"] => (quality === "good" || quality === "fair" ? "good" : "warn");

const says = (name: Name, tone: Verdict["tone"], quality?: Quality): Verdict => ({ name, tone, quality });

function refusal(code: string | null): Verdict {
  switch (code) {
    case null:
      return says("no-site", "bad");
    case "too_many_attempts":
      return says("busy", "warn");
    case "site_isolated":
    case "mode_unknown":
      return says("isolated", "bad");
    default:
      return says("refused", "warn");
  }
}

export function verdictOf(found: ProbeResult): Verdict {
  switch (found.stage) {
    case "browser":
      return says("no-webrtc", "bad");
    case "portal":
      return refusal(found.refused);
    case "signalling":
      return says("no-signalling", "bad");
    case "nothing-received":
      return says("nothing", "bad");
    case "media":
      // The page itself came over the relay's port: what lets one pass and not the other looks inside.
      return says(found.ways["turn-tls"] === "blocked" ? "inspected" : "nothing", "bad");
  }
  const quality = qualityOf(found);
  switch (found.path) {
    case "turn-udp":
      return says("relayed", toneOf(quality), quality);
    case "tcp":
      return says("slow-way", "warn", quality);
    case "turn-tls":
      return says("only-443", "warn", quality);
    default:
      return says(quality, toneOf(quality), quality);
  }
}
