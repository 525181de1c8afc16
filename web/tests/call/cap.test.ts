import { VideoQuality } from "livekit-client";
import { describe, expect, it } from "vitest";
import { layerOf, maySend, publishSettings } from "../../src/call/cap";

describe("a cap", () => {
  it.each(["full", "360p", "180p"] as const)("has every layer of %s marked alike, the screen's too", (cap) => {
    const { videoEncoding, videoSimulcastLayers = [], screenShareEncoding } = publishSettings(cap).publishDefaults;
    const encodings = [videoEncoding, screenShareEncoding, ...videoSimulcastLayers.map(({ encoding }) => encoding)];
    expect(encodings.map((encoding) => encoding?.priority)).toEqual(encodings.map(() => "high"));
  });

  const camera = { kind: "camera", large: false, shared: false } as const;
  const large = { ...camera, large: true };
  const screenLayer = { kind: "screen", large: true, shared: true } as const;

  it("leaves less to see, step by step", () => {
    const seen = (cap: Parameters<typeof layerOf>[0]) => [
      layerOf(cap, large),
      layerOf(cap, camera),
      layerOf(cap, screenLayer),
    ];
    const { HIGH, MEDIUM, LOW } = VideoQuality;
    expect(seen("full")).toEqual([HIGH, HIGH, HIGH]);
    expect(seen("360p")).toEqual([MEDIUM, LOW, LOW]);
    expect(seen("180p")).toEqual([LOW, LOW, LOW]);
    expect(seen("audio")).toEqual([undefined, undefined, undefined]);
  });

  it("of 180p shows a shared screen in place of the other pictures", () => {
    expect(layerOf("180p", { ...camera, shared: true })).toBeUndefined();
    expect(layerOf("360p", { ...camera, shared: true })).toBe(VideoQuality.LOW);
  });

  it("says what may be sent", () => {
    expect(maySend("full")).toEqual({ camera: true, screen: true });
    expect(maySend("360p")).toEqual({ camera: true, screen: false });
    expect(maySend("audio")).toEqual({ camera: false, screen: false });
  });
});
