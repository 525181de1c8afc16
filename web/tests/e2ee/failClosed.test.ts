import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failClosed, type WorkerScope } from "../../src/e2ee/failClosed";

/** The library's own worker, which takes this module's global scope for that of a worker. */
const scope = globalThis as unknown as WorkerScope & { onmessage: NonNullable<WorkerScope["onmessage"]> };
let posted: { kind: string; data: { frames?: number; trackId?: string; enabled?: boolean } }[] = [];

class Frame {
  readonly timestamp = 1;
  constructor(readonly data: ArrayBuffer) {}
  getMetadata = () => ({ synchronizationSource: 1 });
}
const frame = (text: string) => new Frame(new TextEncoder().encode(text).buffer as ArrayBuffer);
const spoken = "what somebody says in a meeting, as the encoder gives it";

/** The worker's is guarded. */
const Stream = TransformStream;
let tracks = 0;
const freshTrack = () => `track-${++tracks}`;

/** A cryptor's way in and out, as the page hands them to the worker. */
function pipe(kind: "encode" | "decode", participantIdentity: string, trackId = freshTrack()) {
  const into = new Stream<Frame, Frame>();
  const out = new Stream<Frame, Frame>();
  const message = {
    kind,
    data: {
      participantIdentity,
      trackId,
      readableStream: into.readable,
      writableStream: out.writable,
      hasPacketTrailer: false,
    },
  };
  scope.onmessage({ data: message } as MessageEvent);
  const writer = into.writable.getWriter();
  const reader = out.readable.getReader();
  return {
    trackId,
    write: (one: Frame) => void writer.write(one),
    read: async () => (await reader.read()).value as Frame,
  };
}

const text = ({ data }: Frame) => new TextDecoder().decode(data);

beforeAll(async () => {
  Object.assign(scope, {
    self: scope,
    onmessage: null,
    postMessage: (message: (typeof posted)[number]) => posted.push(message),
  });
  await import("livekit-client/e2ee-worker");
  failClosed(scope);
  const raw = await crypto.subtle.importKey("raw", new Uint8Array(32), "HKDF", false, ["deriveBits", "deriveKey"]);
  const keyProviderOptions = {
    sharedKey: true,
    ratchetSalt: "salt",
    ratchetWindowSize: 0,
    failureTolerance: -1,
    keyringSize: 16,
    keySize: 128,
  };
  scope.onmessage({ data: { kind: "init", data: { loglevel: 5, keyProviderOptions } } } as MessageEvent);
  scope.onmessage({
    data: { kind: "setKey", data: { key: raw, keyIndex: 0, updateCurrentKeyIndex: true } },
  } as MessageEvent);
});
beforeEach(() => {
  posted = [];
});

describe("the worker", () => {
  it("encrypts for an identity that nobody switched encryption on for: the server's word after a reconnection", async () => {
    const sending = pipe("encode", "whoever the server says");
    sending.write(frame(spoken));
    const sent = await sending.read();
    expect(text(sent)).not.toContain("somebody");
    expect(sent.data.byteLength).toBeGreaterThanOrEqual(spoken.length + 30);
  });

  it("goes on encrypting when encryption is switched off, and for an identity that was empty", async () => {
    for (const identity of ["me", ""]) {
      const sending = pipe("encode", identity);
      scope.onmessage({
        data: { kind: "enable", data: { enabled: false, participantIdentity: identity } },
      } as MessageEvent);
      sending.write(frame(spoken));
      // An empty identity is none: the library would send in clear, so nothing leaves; the empty frame behind it does.
      sending.write(frame(""));
      expect(text(await sending.read())).not.toContain("somebody");
    }
  });

  it("decrypts what the same key encrypted, and says how much", async () => {
    const sending = pipe("encode", "me");
    const receiving = pipe("decode", "somebody else");
    sending.write(frame(spoken));
    receiving.write(await sending.read());
    expect(text(await receiving.read())).toBe(spoken);
    expect(posted).toContainEqual({
      kind: "decrypted",
      data: { trackId: receiving.trackId, participantIdentity: "somebody else", frames: 1 },
    });
  });

  it("lets nothing pass that came in clear, also after the server said that nothing is encrypted", async () => {
    const receiving = pipe("decode", "somebody else");
    scope.onmessage({
      data: { kind: "enable", data: { enabled: false, participantIdentity: "somebody else" } },
    } as MessageEvent);
    receiving.write(frame(spoken));
    receiving.write(frame(""));
    expect(text(await receiving.read())).toBe("");
    expect(posted.filter(({ kind }) => kind === "decrypted")).toEqual([]);
  });

  it("counts anew for a track that takes over a receiver", async () => {
    const sending = pipe("encode", "me");
    const receiving = pipe("decode", "first");
    const pass = async () => {
      sending.write(frame(spoken));
      receiving.write(await sending.read());
      await receiving.read();
    };
    await pass();
    await pass();
    const data = { trackId: "second track", previousTrackId: receiving.trackId, participantIdentity: "second" };
    scope.onmessage({ data: { kind: "updateCodec", data } } as MessageEvent);
    await pass();
    expect(posted.filter(({ kind }) => kind === "decrypted").at(-1)?.data).toEqual({
      trackId: "second track",
      participantIdentity: "second",
      frames: 1,
    });
  });

  it("does not tell the page what the page did not ask for", async () => {
    const sending = pipe("encode", "me");
    sending.write(frame(spoken));
    await sending.read();
    expect(posted.filter(({ kind }) => kind === "enable")).toEqual([]);
  });
});
