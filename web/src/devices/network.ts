import { portal } from "../api/portal";

export type Verdict =
  | { state: "checking" | "none" | "webrtc" }
  | { state: "good" | "fair" | "slow" | "uneven"; ms: number };

const SAMPLES = 6;

const at = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;

/**
 * Puts answer times into words.
 *
 * Limits follow ITU-T G.114: up to 150 ms one way (300 ms there and back) is unnoticed by most; the variation
 * is what a jitter buffer has to hide.
 *
 * @param times milliseconds from question to answer, in any order
 */
export function verdictOf(times: readonly number[]): Verdict {
  if (times.length === 0) return { state: "none" };
  const sorted = [...times].sort((a, b) => a - b);
  const middle = Math.round(at(sorted, 0.5));
  const spread = Math.round(at(sorted, 0.9) - at(sorted, 0.1));
  if (middle > 400) return { state: "slow", ms: middle };
  if (spread > 120) return { state: "uneven", ms: spread };
  return { state: middle > 150 ? "fair" : "good", ms: middle };
}

async function hasRealTimeMedia(): Promise<boolean> {
  try {
    const connection = new RTCPeerConnection();
    connection.createDataChannel("check");
    const offer = await connection.createOffer();
    connection.close();
    return Boolean(offer.sdp);
  } catch {
    return false;
  }
}

/** Asks the site a few times, one after the other, and judges how fast and how evenly it answers. */
export async function checkNetwork(): Promise<Verdict> {
  if (!(await hasRealTimeMedia())) return { state: "webrtc" };
  const times: number[] = [];
  for (let n = 0; n <= SAMPLES; n += 1) {
    const asked = performance.now();
    try {
      await portal.session();
      // The first answer includes setting up the connection.
      if (n > 0) times.push(performance.now() - asked);
    } catch {
      if (times.length === 0 && n >= 2) return { state: "none" };
    }
  }
  return verdictOf(times);
}
