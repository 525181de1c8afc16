import EncryptionWorker from "livekit-client/e2ee-worker?worker";

/**
 * The message as this client sends it on to the cryptor: "stop decrypting this participant" becomes "decrypt".
 *
 * livekit-client switches a participant's cryptor off as soon as *any* of its publications is signalled as
 * unencrypted, and then plays the frames of all of them as they come. The signalling is the server's word, so a
 * server could open the door to unencrypted frames on a track that was accepted as encrypted.
 */
export function neverDisable(message: unknown): unknown {
  if (typeof message !== "object" || message === null) return message;
  const { kind, data } = message as { kind?: unknown; data?: object };
  return kind === "enable" ? { kind, data: { ...data, enabled: true } } : message;
}

/** livekit-client's worker, which then drops every frame that the meeting's key does not decrypt. */
export function failClosedWorker(): Worker {
  const worker = new EncryptionWorker();
  const post = worker.postMessage.bind(worker) as (message: unknown, transfer?: Transferable[]) => void;
  worker.postMessage = (message: unknown, options?: Transferable[] | StructuredSerializeOptions) =>
    post(neverDisable(message), Array.isArray(options) ? options : options?.transfer);
  return worker;
}
