import EncryptionWorker from "./encryption.worker?worker";
import type { DecryptedMessage } from "./failClosed";

/** The worker that encrypts and decrypts, and what it has decrypted so far. */
export interface Encryption {
  readonly worker: Worker;
  /** Frames decrypted of a track, by the id of its media stream track. */
  readonly decrypted: (trackId: string) => number;
  /** Of a track that begins again. */
  readonly forget: (trackId: string) => void;
}

/** livekit-client's worker, made to fail closed: nothing is sent or shown that it did not encrypt or decrypt. */
export function encryptionWorker(worker: Worker = new EncryptionWorker()): Encryption {
  const frames = new Map<string, number>();
  worker.addEventListener("message", ({ data: message }: MessageEvent<Partial<DecryptedMessage>>) => {
    if (message.kind === "decrypted" && message.data) frames.set(message.data.trackId, message.data.frames);
  });
  return { worker, decrypted: (trackId) => frames.get(trackId) ?? 0, forget: (trackId) => void frames.delete(trackId) };
}
