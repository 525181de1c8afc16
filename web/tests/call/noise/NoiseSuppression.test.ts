// @vitest-environment jsdom
import { type Room, RoomEvent, Track } from "livekit-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { NoiseFilter } from "../../../src/call/noise/NoiseFilter";
import { NoiseSuppression } from "../../../src/call/noise/NoiseSuppression";

vi.stubGlobal(
  "AudioContext",
  class {
    close = async () => {};
  },
);

const fromDevice = { label: "microphone" } as MediaStreamTrack;

function standIn() {
  let processor: NoiseFilter | undefined;
  const track = {
    mediaStreamTrack: fromDevice,
    getProcessor: () => processor,
    setAudioContext: async () => {},
    setProcessor: vi.fn(async (filter: NoiseFilter) => {
      processor = filter;
    }),
    stopProcessor: vi.fn(async () => {
      processor = undefined;
    }),
  };
  let published = false;
  let tell: (publication: { source: Track.Source }) => void = () => {};
  const room = {
    localParticipant: { getTrackPublication: () => (published ? { audioTrack: track } : undefined) },
    on: (event: RoomEvent, told: typeof tell) => {
      if (event === RoomEvent.LocalTrackPublished) tell = told;
    },
  } as unknown as Room;
  const publish = () => {
    published = true;
    tell({ source: Track.Source.Microphone });
  };
  return { room, track, publish, filtered: () => processor !== undefined };
}

const filter = { source: { label: "before the filter" } } as NoiseFilter;

beforeEach(() => localStorage.clear());
afterEach(() => localStorage.clear());

describe("noise suppression", () => {
  it("is off until somebody wants it, switches on and off without leaving, and is remembered", async () => {
    const { room, track, publish, filtered } = standIn();
    publish();
    const noise = new NoiseSuppression(
      room,
      () => {},
      async () => filter,
    );
    expect(noise.state).toBe("off");
    expect(noise.source()).toBe(fromDevice);
    await noise.set(true);
    expect([noise.state, filtered()]).toEqual(["on", true]);
    expect(noise.source()).toBe(filter.source);
    expect(new NoiseSuppression(room, () => {}).state).toBe("on");
    await noise.set(false);
    expect([noise.state, filtered()]).toEqual(["off", false]);
    expect(track.stopProcessor).toHaveBeenCalledOnce();
  });

  it("ends as the last of two quick presses says", async () => {
    const { room, publish, filtered } = standIn();
    publish();
    const noise = new NoiseSuppression(
      room,
      () => {},
      async () => filter,
    );
    await Promise.all([noise.set(true), noise.set(false)]);
    expect([noise.state, filtered()]).toEqual(["off", false]);
  });

  it("reaches a microphone that is published later", async () => {
    const { room, publish, filtered } = standIn();
    localStorage.setItem("conclave.noise", "on");
    const changed = vi.fn();
    new NoiseSuppression(room, changed, async () => filter);
    publish();
    await vi.waitFor(() => expect(changed).toHaveBeenCalled());
    expect(filtered()).toBe(true);
  });

  it("says so where the browser cannot, and leaves the microphone as it is", async () => {
    const { room, track, publish, filtered } = standIn();
    publish();
    const noise = new NoiseSuppression(
      room,
      () => {},
      () => Promise.reject(new Error("no WebAssembly here")),
    );
    await noise.set(true);
    expect([noise.state, filtered()]).toEqual(["failed", false]);
    expect(track.setProcessor).not.toHaveBeenCalled();
  });
});
