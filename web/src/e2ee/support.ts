export type Support = "works" | "insecureContext" | "unsupportedBrowser";

/** Whether this browser can encrypt frames; never fall back to a call without it. */
export function encryptionSupport(): Support {
  if (!window.isSecureContext) return "insecureContext";
  const transforms =
    "RTCRtpScriptTransform" in window ||
    (typeof RTCRtpSender !== "undefined" && "createEncodedStreams" in RTCRtpSender.prototype);
  const parts =
    "RTCPeerConnection" in window && "mediaDevices" in navigator && "subtle" in crypto && "Worker" in window;
  return transforms && parts ? "works" : "unsupportedBrowser";
}
