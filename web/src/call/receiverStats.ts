import type { RemoteTrack } from "livekit-client";

export interface Inbound {
  packets: number;
  framesDecoded: number;
  framesReceived: number;
  width: number;
  height: number;
  /** Audio samples that were decoded, less the ones made up to conceal a gap. */
  samplesDecoded: number;
  /** Sum of the squared level over seconds, as the browser counts it (RTCInboundRtpStreamStats.totalAudioEnergy). */
  audioEnergy: number;
  audioSeconds: number;
  /** 0 to 1. */
  audioLevel: number;
}

const NOTHING: Inbound = {
  packets: 0,
  framesDecoded: 0,
  framesReceived: 0,
  width: 0,
  height: 0,
  samplesDecoded: 0,
  audioEnergy: 0,
  audioSeconds: 0,
  audioLevel: 0,
};

interface InboundRtp extends RTCInboundRtpStreamStats {
  type: "inbound-rtp";
}

/** The browser's own statistics of what one subscribed track received and decoded. */
export async function inboundStats(track: RemoteTrack): Promise<Inbound> {
  const report = await track.receiver?.getStats();
  let found = NOTHING;
  report?.forEach((entry: RTCStats) => {
    if (entry.type !== "inbound-rtp") return;
    const rtp = entry as InboundRtp;
    found = {
      packets: rtp.packetsReceived ?? 0,
      framesDecoded: rtp.framesDecoded ?? 0,
      framesReceived: rtp.framesReceived ?? 0,
      width: rtp.frameWidth ?? 0,
      height: rtp.frameHeight ?? 0,
      samplesDecoded: Math.max(0, (rtp.totalSamplesReceived ?? 0) - (rtp.concealedSamples ?? 0)),
      audioEnergy: rtp.totalAudioEnergy ?? 0,
      audioSeconds: rtp.totalSamplesDuration ?? 0,
      audioLevel: rtp.audioLevel ?? 0,
    };
  });
  return found;
}
