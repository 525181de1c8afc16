// @vitest-environment jsdom
import { type RemoteParticipant, type RemoteTrackPublication, type Room, RoomEvent, Track } from "livekit-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cap } from "../../src/api/portal";
import { RemoteMedia } from "../../src/call/RemoteMedia";

/** As much of a room as is listened to. */
class FakeRoom {
  readonly remoteParticipants = new Map<string, RemoteParticipant>();
  readonly #listeners = new Map<string, (...what: unknown[]) => void>();
  on(event: string, listener: (...what: unknown[]) => void) {
    this.#listeners.set(event, listener);
    return this;
  }
  emit(event: string, ...what: unknown[]) {
    this.#listeners.get(event)?.(...what);
  }
}

const PACKETS = { type: "inbound-rtp", packetsReceived: 50, framesDecoded: 50, frameWidth: 320 };

let room: FakeRoom;
let media: RemoteMedia;
/** Frames that the worker has decrypted, by track. */
let decrypted: Map<string, number>;

function listen(cap: Cap = "full") {
  room = new FakeRoom();
  decrypted = new Map();
  const encryption = { decrypted: (id: string) => decrypted.get(id) ?? 0, forget: () => {} };
  media = new RemoteMedia(room as unknown as Room, cap, encryption, () => {});
  media.start();
}

/** Somebody publishes an encrypted track of which packets arrive while it is subscribed to. */
function publish(identity: string, sid: string, source = Track.Source.Microphone) {
  const kind = source === Track.Source.Camera || source === Track.Source.ScreenShare ? "video" : "audio";
  const element = document.createElement("audio");
  const track = {
    kind,
    mediaStreamID: sid,
    receiver: { getStats: async () => new Map([["in", PACKETS]]) },
    attach: () => element,
    detach: () => [],
  };
  const publication = {
    trackSid: sid,
    kind,
    source,
    trackInfo: { encryption: 1, mimeType: kind === "audio" ? "audio/opus" : "video/vp8" },
    isDesired: false,
    track: undefined as typeof track | undefined,
    setVideoQuality: () => {},
    setSubscribed: vi.fn((wanted: boolean): void => {
      publication.isDesired = wanted;
      publication.track = wanted ? track : undefined;
      room.emit(wanted ? RoomEvent.TrackSubscribed : RoomEvent.TrackUnsubscribed, track, publication);
    }),
  };
  const person = { identity, name: identity, trackPublications: new Map([[sid, publication]]) };
  room.emit(RoomEvent.TrackPublished, publication as unknown as RemoteTrackPublication, person);
  return { publication, element };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  listen();
});
afterEach(() => {
  media.stop();
  vi.useRealTimers();
});

describe("a track that the key does not decrypt", () => {
  it("is given up, tried again after a pause, and played once it is decrypted", async () => {
    const { publication, element } = publish("p-a", "TR_1");
    await pass(4400);
    expect(media.decryption("TR_1")).toBe("keyMismatch");
    expect(publication.setSubscribed.mock.calls).toEqual([[true], [false]]);
    await pass(4000);
    expect(publication.isDesired).toBe(false);
    await pass(1200);
    expect(publication.isDesired).toBe(true);
    // Not cleared of it before anything is decrypted.
    expect(media.decryption("TR_1")).toBe("keyMismatch");
    expect(element.muted).toBe(true);
    decrypted.set("TR_1", 50);
    await pass(1000);
    expect(media.decryption("TR_1")).toBe("encrypted");
    expect(element.muted).toBe(false);
  });

  it("is tried again less and less often", async () => {
    const { publication } = publish("p-a", "TR_1");
    await pass(60_000);
    const often = publication.setSubscribed.mock.calls.length;
    expect(often).toBeGreaterThan(4);
    await pass(60_000);
    expect(publication.setSubscribed.mock.calls.length - often).toBeLessThan(often);
  });

  it("accuses nobody of another key while another track of the same person is decrypted", async () => {
    publish("p-a", "TR_1");
    publish("p-b", "TR_2");
    publish("p-a", "TR_3", Track.Source.Camera);
    decrypted.set("TR_3", 50);
    await pass(4400);
    expect(media.decryption("TR_3")).toBe("encrypted");
    expect(media.decryption("TR_1")).toBe("checking");
    expect(media.decryption("TR_2")).toBe("keyMismatch");
  });
});

describe("the sound of a shared screen", () => {
  it("is played once it was decrypted, as a voice is", async () => {
    const { element } = publish("p-a", "TR_1", Track.Source.ScreenShareAudio);
    await pass(1000);
    expect(element.muted).toBe(true);
    decrypted.set("TR_1", 50);
    await pass(1000);
    expect(element.muted).toBe(false);
  });

  it("is not requested below a cap, where voices are", () => {
    for (const cap of ["360p", "180p", "audio"] as const) {
      media.stop();
      listen(cap);
      const sound = publish("p-a", "TR_1", Track.Source.ScreenShareAudio);
      const voice = publish("p-a", "TR_2");
      expect(sound.publication.isDesired).toBe(false);
      expect(media.decryption("TR_1")).toBe("waiting");
      expect(voice.publication.isDesired).toBe(true);
    }
  });
});
