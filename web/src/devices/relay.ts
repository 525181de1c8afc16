import type { MediaPath } from "./paths";

const TIMEOUT_MS = 5000;

export interface Relay {
  path: MediaPath;
  host: string;
  server: RTCIceServer;
}

/** The relays among the servers that the SFU names, one by one (RFC 7065: `turns:host:port?transport=tcp`). */
export function relaysOf(servers: readonly RTCIceServer[]): Relay[] {
  return servers.flatMap((server) =>
    [server.urls].flat().flatMap((url): Relay[] => {
      const parts = /^(turns?):(\[[^\]]+\]|[^:?]+)/.exec(url);
      if (!parts) return [];
      const path = parts[1] === "turn" && !url.includes("transport=tcp") ? "turn-udp" : "turn-tls";
      return [{ path, host: (parts[2] ?? "").replace(/^\[|\]$/g, ""), server: { ...server, urls: url } }];
    }),
  );
}

/** Requests an address from a relay: getting one shows that the path to it is open. */
export async function relayAnswers({ server }: Relay, signal: AbortSignal): Promise<boolean> {
  const connection = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      timeout.addEventListener("abort", () => resolve(false));
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
