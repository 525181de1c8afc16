/**
 * Makes livekit-client's encryption worker fail closed, whatever the SFU says (docs/decisions/the-client-trusts-what-it-decrypted.md).
 *
 * The library's cryptor passes frames on as they are when encryption is off or not known for an identity, and the identity and
 * "off" are both the server's word: a new identity after a reconnection made a participant send in clear. Here encryption is on
 * for every identity before its first frame, and nothing leaves a cryptor that it did not encrypt or decrypt: AES-GCM adds and
 * removes bytes, so a frame that is as long as it was is dropped.
 */

/** AES-GCM's tag (16), the IV (12), its length and the key's index (1 each). */
const ADDED_BYTES = 30;
const REPORT_EVERY_MS = 100;

interface Frame {
  data: ArrayBuffer;
}

interface Label {
  kind: "encode" | "decode";
  trackId: string;
  participantIdentity: string;
}

interface Transform extends Label {
  readableStream: ReadableStream;
  trailer: Uint8Array;
}

/** What the worker says about a track that it decrypts: how many frames so far. */
export interface DecryptedMessage {
  kind: "decrypted";
  data: { trackId: string; participantIdentity: string; frames: number };
}

/** The parts of a dedicated worker that the library uses. */
export interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null;
  onrtctransform?: ((event: Event) => void) | null;
  postMessage: (message: unknown) => void;
  TransformStream: typeof TransformStream;
}

interface Cryptor {
  label: Label | undefined;
  frames: number;
  reported: number;
}

/**
 * Puts itself between the library and the worker it runs in.
 *
 * @param scope the worker, after the library's program has run in it
 */
export function failClosed(scope: WorkerScope): void {
  const library = { message: scope.onmessage, transform: scope.onrtctransform };
  const post = scope.postMessage.bind(scope);
  const Original = scope.TransformStream;
  const cryptors = new WeakMap<object, Cryptor>();
  const decoding = new Map<string, Cryptor>();
  const unasked = new WeakSet<object>();

  // What was switched on here is not acknowledged to the page, which did not ask for it.
  scope.postMessage = (message) => {
    if (typeof message !== "object" || message === null || !unasked.has(message)) post(message);
  };

  const say = (data: object) => library.message?.call(scope as never, { data } as MessageEvent);

  /** Encryption is on, also for an identity that the page never named. */
  const enable = (participantIdentity: string) => {
    const message = { kind: "enable", data: { enabled: true, participantIdentity } };
    unasked.add(message);
    say(message);
  };

  const count = (cryptor: Cryptor) => {
    cryptor.frames += 1;
    const now = Date.now();
    if (!cryptor.label || (cryptor.frames > 1 && now - cryptor.reported < REPORT_EVERY_MS)) return;
    cryptor.reported = now;
    const { trackId, participantIdentity } = cryptor.label;
    post({
      kind: "decrypted",
      data: { trackId, participantIdentity, frames: cryptor.frames },
    } satisfies DecryptedMessage);
  };

  /** Whether a frame may leave a cryptor; empty ones say that nothing is sent (DTX). */
  const mayLeave = (cryptor: Cryptor, before: number, after: number): boolean => {
    if (after === 0) return before === 0;
    if (cryptor.label?.kind === "encode") return after >= before + ADDED_BYTES;
    // Frames that the SFU injects are shorter by a mark only. The library lets nothing but black and silence pass as such.
    if (cryptor.label?.kind !== "decode" || after >= before) return false;
    if (after <= before - ADDED_BYTES) count(cryptor);
    return true;
  };

  scope.TransformStream = class extends Original {
    constructor(transformer: Transformer, ...strategies: QueuingStrategy[]) {
      const cryptor: Cryptor = { label: undefined, frames: 0, reported: 0 };
      const guarded: Transformer = {
        ...transformer,
        transform: (frame: Frame, controller) => {
          const before = frame.data.byteLength;
          const enqueue = (out: Frame) => {
            if (mayLeave(cryptor, before, out.data.byteLength)) controller.enqueue(out);
          };
          return transformer.transform?.(frame, { enqueue } as TransformStreamDefaultController);
        },
      };
      super(guarded, ...strategies);
      cryptors.set(this, cryptor);
    }
  } as typeof TransformStream;

  /** Names the cryptor that the library is about to put into this stream. */
  const watch = (stream: ReadableStream, label: Label) => {
    const pipeThrough = stream.pipeThrough.bind(stream);
    stream.pipeThrough = (pair, options) => {
      const cryptor = cryptors.get(pair);
      if (cryptor) {
        cryptor.label = label;
        if (label.kind === "decode") decoding.set(label.trackId, cryptor);
      }
      return pipeThrough(pair, options);
    };
  };

  /** A receiver that is used again for another track: what was decrypted before says nothing about it. */
  const reuse = ({ previousTrackId, trackId, participantIdentity }: Label & { previousTrackId?: string }) => {
    const cryptor = previousTrackId === undefined ? undefined : decoding.get(previousTrackId);
    if (!cryptor?.label || previousTrackId === undefined) return;
    decoding.delete(previousTrackId);
    decoding.set(trackId, cryptor);
    cryptor.label = { ...cryptor.label, trackId, participantIdentity };
    cryptor.frames = 0;
  };

  scope.onmessage = (event) => {
    const { kind, data } = event.data as { kind: string; data: Transform };
    if (kind === "enable") return say({ kind, data: { ...data, enabled: true } });
    // With a mark as long as what encryption adds, injected frames would count as decrypted.
    if (kind === "setSifTrailer" && data.trailer.byteLength >= ADDED_BYTES) return undefined;
    if (kind === "encode" || kind === "decode") {
      enable(data.participantIdentity);
      watch(data.readableStream, { ...data, kind });
    }
    if (kind === "updateCodec") {
      enable(data.participantIdentity);
      reuse(data);
    }
    return say(event.data);
  };

  if (library.transform)
    scope.onrtctransform = (event) => {
      const { transformer } = event as Event & { transformer: { options: Label; readable: ReadableStream } };
      enable(transformer.options.participantIdentity);
      watch(transformer.readable, transformer.options);
      library.transform?.call(scope as never, event);
    };
}
