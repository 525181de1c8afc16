import type { ProbeResult } from "./probe";

/** How well it works, whatever the path. */
export type Quality = "good" | "fair" | "slow" | "unstable";

/** The one word for a test: the quality on the best path, else what matters more than quality. */
export type VerdictName =
  | Quality
  | "relayed"
  | "tcp-only"
  | "only-443"
  | "no-media"
  | "inspected"
  | "no-signalling"
  | "unreachable"
  | "busy"
  | "isolated"
  | "refused"
  | "no-webrtc";

export interface Verdict {
  name: VerdictName;
  /** Given when video and audio came through. */
  quality: Quality | undefined;
  tone: "good" | "warn" | "bad";
}

/**
 * Limits after ITU-T G.114 (a round trip of 300 ms goes unnoticed by most, one of 800 ms spoils a conversation, of which
 * people and programs take half) and G.1010 (packet loss above 3 % is heard and seen); jitter above 40 ms exceeds the
 * browser's usual buffer.
 */
const FAIR_RTT_MS = 150;
const SLOW_RTT_MS = 400;
const UNSTABLE_JITTER_MS = 40;
const FAIR_LOSS_PERCENT = 1;
const UNSTABLE_LOSS_PERCENT = 3;
/** Share of the frames sent that must arrive and decode. */
const MIN_FRAME_SHARE = 0.8;

export function qualityOf(result: ProbeResult): Quality {
  const [rtt, loss, jitter] = [result.round_trip_ms ?? 0, result.loss_percent ?? 0, result.jitter_ms ?? 0];
  if (loss >= UNSTABLE_LOSS_PERCENT || result.frames_received < result.frames_sent * MIN_FRAME_SHARE) return "unstable";
  if (rtt > SLOW_RTT_MS) return "slow";
  if (jitter > UNSTABLE_JITTER_MS) return "unstable";
  return rtt > FAIR_RTT_MS || loss >= FAIR_LOSS_PERCENT ? "fair" : "good";
}

const toneOf = (quality: Quality): Verdict["tone"] => (quality === "good" || quality === "fair" ? "good" : "warn");

const verdict = (name: VerdictName, tone: Verdict["tone"], quality?: Quality): Verdict => ({ name, tone, quality });

function refusalVerdict(code: ProbeResult["refused"]): Verdict {
  switch (code) {
    case null:
      return verdict("unreachable", "bad");
    case "too_many_attempts":
      return verdict("busy", "warn");
    case "site_isolated":
    case "mode_unknown":
      return verdict("isolated", "bad");
    default:
      return verdict("refused", "warn");
  }
}

export function verdictOf(result: ProbeResult): Verdict {
  switch (result.stage) {
    case "browser":
      return verdict("no-webrtc", "bad");
    case "portal":
      return refusalVerdict(result.refused);
    case "signalling":
      return verdict("no-signalling", "bad");
    case "nothing-received":
      return verdict("no-media", "bad");
    case "media":
      // The page itself came over the relay's port: what lets one pass and not the other inspects the content.
      return verdict(result.paths["turn-tls"] === "blocked" ? "inspected" : "no-media", "bad");
    case "ok":
      break;
  }
  const quality = qualityOf(result);
  switch (result.path) {
    case "turn-udp":
      return verdict("relayed", toneOf(quality), quality);
    case "tcp":
      return verdict("tcp-only", "warn", quality);
    case "turn-tls":
      return verdict("only-443", "warn", quality);
    case "udp":
    case "none":
      return verdict(quality, toneOf(quality), quality);
  }
}
