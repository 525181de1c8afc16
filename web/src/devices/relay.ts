import type { Way } from "./ways";

const PATIENCE_MS = 5000;

export interface Relay {
  way: Way;
  host: string;
  server: RTCIceServer;
}

/** The relays among the servers that the SFU names, one by one (RFC 7065: `turns:host:port?transport=tcp`). */
export function relaysOf(servers: readonly RTCIceServer[]): Relay[] {
  return servers.flatMap((server) =>
    [server.urls].flat().flatMap((url): Relay[] => {
      const parts = /^(turns?):(\[[^\]]+\]|[^:?]+)/.exec(url);
      if (!parts) return [];
      const way = parts[1] === "turn" && !url.includes("transport=tcp") ? "turn-udp" : "turn-tls";
      return [{ way, host: (parts[2] ?? "").replace(/^\[|\]$/g, ""), server: { ...server, urls: url } }];
    }),
  );
}

/** Asks a relay for an address: that it gives one shows that the way to it is open. */
export async function answers({ server }: Relay, signal: AbortSignal): Promise<boolean> {
  const connection = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const patience = AbortSignal.timeout(PATIENCE_MS);
      patience.addEventListener("abort", () => resolve(false));
      signal.addEventListener("abort", () => resolve(false));
      connection.addEventListener("icecandidate", ({ candidate }) => {
        if (candidate?.type === "relay") resolve(true);
      });
      connection.addEventListener("icegatheringstatechange", () => {
        if (connection.iceGatheringState === "complete") resolve(false);
      });
      connection.createDataChannel("check");
      connection
        .createOffer()
        .then((offer) => connection.setLocalDescription(offer))
        .catch(reject);
    });
  } finally {
    connection.close();
  }
}
