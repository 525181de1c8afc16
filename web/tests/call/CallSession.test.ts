// @vitest-environment jsdom
import {
  ConnectionState,
  EngineEvent,
  type LocalAudioTrack,
  LocalParticipant,
  type LocalTrackPublication,
  RoomEvent,
} from "livekit-client";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { newMeetingKey } from "../../src/e2ee/meetingKey";

/** What the library asks a browser for before it lets a room be encrypted; frames are the business of the worker's test. */
class Worker extends EventTarget {
  onmessage = null;
  postMessage() {}
  terminate() {}
}
vi.stubGlobal("Worker", Worker);
vi.stubGlobal("RTCRtpSender", class {});
Object.assign(RTCRtpSender.prototype, { createEncodedStreams() {} });
const { CallSession } = await import("../../src/call/CallSession");
const { JoinError } = await import("../../src/call/joinError");

const ticket = {
  url: "wss://media.conf.lab.example",
  token: "ticket",
  identity: "p-mine",
  cap: "full",
  files: true,
  level: "standard",
} as const;

/** A call over a signalling connection that says who this is. */
async function joined(identity: string, ...tracks: LocalAudioTrack[]) {
  // jsdom's buffers are not Node's; the key is not the subject here.
  vi.spyOn(crypto.subtle, "importKey").mockResolvedValue({} as CryptoKey);
  vi.spyOn(crypto.subtle, "deriveKey").mockResolvedValue({} as CryptoKey);
  const call = new CallSession(ticket, undefined);
  vi.spyOn(call.room, "connect").mockImplementation(async () => {
    call.room.localParticipant.identity = identity;
  });
  const disconnect = vi.spyOn(call.room, "disconnect").mockResolvedValue();

  const joining = call.join(newMeetingKey(), tracks);
  return { call, disconnect, joining };
}

const emit = (from: object, event: string, ...what: unknown[]) =>
  (from as { emit: (event: string, ...what: unknown[]) => void }).emit(event, ...what);

beforeEach(() => vi.restoreAllMocks());

describe("a call", () => {
  it("is not entered under another identity than the portal's", async () => {
    for (const identity of ["p-other", ""]) {
      const { joining, disconnect } = await joined(identity);
      await expect(joining).rejects.toBeInstanceOf(JoinError);
      await expect(joining).rejects.toMatchObject({ step: "identity" });
      expect(disconnect).toHaveBeenCalled();
    }
  });

  it("ends when the server restarts it, before anything is published again; another ticket is requested for that", async () => {
    const { call, joining, disconnect } = await joined(ticket.identity);
    await joining;
    expect(call.state().phase).toBe("connected");
    emit(call.room.engine, EngineEvent.Restarting);
    expect(call.state()).toMatchObject({ phase: "ended", ended: "lost" });
    expect(disconnect).toHaveBeenCalled();
  });

  it("ends when the server gives this participant another name in the middle of it", async () => {
    const { call, joining, disconnect } = await joined(ticket.identity);
    await joining;
    call.room.localParticipant.identity = "p-other";
    emit(call.room, RoomEvent.ParticipantNameChanged);
    expect(call.state()).toMatchObject({ phase: "ended", ended: "mistrusted" });
    expect(disconnect).toHaveBeenCalled();
  });

  it("shares a screen with the sound of a tab as it is, and never with that of the whole computer", async () => {
    const share = vi.spyOn(LocalParticipant.prototype, "setScreenShareEnabled").mockResolvedValue(undefined);
    const { call, joining } = await joined(ticket.identity);
    await joining;
    await call.toggle("screen");
    const [on, options] = share.mock.calls[0] ?? [];
    expect(on).toBe(true);
    expect(options).toMatchObject({ audio: { echoCancellation: false }, systemAudio: "exclude" });
    expect(call.state().people[0]?.screenAudio).toBeUndefined();
    const publications = call.room.localParticipant.trackPublications;
    publications.set("TR_1", { source: "screen_share_audio", trackSid: "TR_1" } as unknown as LocalTrackPublication);
    emit(call.room, RoomEvent.LocalTrackPublished, publications.get("TR_1"));
    expect(call.state().people[0]?.screenAudio).toBe("encrypted");
  });

  it("does not say that one's microphone is off while it reconnects", async () => {
    const microphone = { kind: "audio", isMuted: false, stop() {} } as unknown as LocalAudioTrack;
    vi.spyOn(LocalParticipant.prototype, "publishTrack").mockResolvedValue({} as LocalTrackPublication);
    const { call, joining } = await joined(ticket.identity, microphone);
    await joining;
    emit(call.room, RoomEvent.ConnectionStateChanged, ConnectionState.SignalReconnecting);
    expect(call.state()).toMatchObject({ phase: "reconnecting", sending: { microphone: true } });
    expect(call.state().people[0]?.microphone).toBe(true);
  });

  describe("while the floor is closed", () => {
    const CAMERA = 1;
    const MICROPHONE = 2;
    /** As the SFU says what this participant may publish. */
    const permit = (call: InstanceType<typeof CallSession>, ...sources: number[]) => {
      const permissions = { canPublish: true, canPublishSources: sources };
      Object.defineProperty(call.room.localParticipant, "permissions", { value: permissions, configurable: true });
      emit(call.room, RoomEvent.ParticipantPermissionsChanged);
    };
    const track = () => ({ kind: "audio", isMuted: false, stop: vi.fn() });

    it("does not try to publish the microphone, and stops it", async () => {
      const publish = vi
        .spyOn(LocalParticipant.prototype, "publishTrack")
        .mockResolvedValue({} as LocalTrackPublication);
      const microphone = track();
      const { call, joining } = await joined(ticket.identity, microphone as unknown as LocalAudioTrack);
      permit(call, CAMERA);
      await joining;
      expect(publish).not.toHaveBeenCalled();
      expect(microphone.stop).toHaveBeenCalled();
      expect(call.state()).toMatchObject({ maySpeak: false, deviceFailed: undefined });
      expect(call.previousMedia().microphone).toBe(false);
    });

    it("lets nobody turn it on, and does not do it by itself when the floor is opened", async () => {
      const enable = vi.spyOn(LocalParticipant.prototype, "setMicrophoneEnabled").mockResolvedValue(undefined);
      const { call, joining } = await joined(ticket.identity);
      await joining;
      permit(call, CAMERA);
      expect(call.state().maySpeak).toBe(false);
      await call.toggle("microphone");
      permit(call, CAMERA, MICROPHONE);
      expect(call.state().maySpeak).toBe(true);
      expect(enable).not.toHaveBeenCalled();
      await call.toggle("microphone");
      expect(enable).toHaveBeenCalledExactlyOnceWith(true);
    });
  });

  it("follows the role that the portal gives in the middle of it", async () => {
    const { call, joining } = await joined(ticket.identity);
    await joining;
    expect(call.state().role).toBe("participant");
    vi.spyOn(call.room.localParticipant, "attributes", "get").mockReturnValue({ role: "co_organiser" });
    emit(call.room, RoomEvent.ParticipantAttributesChanged);
    expect(call.state().role).toBe("co_organiser");
  });
});
