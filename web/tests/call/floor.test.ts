import { Track } from "livekit-client";
import { describe, expect, it } from "vitest";
import { mayShare, maySpeak } from "../../src/call/floor";

const proto = (source: Track.Source) => Track.sourceToProto(source);
const who = (canPublish: boolean, ...sources: Track.Source[]) =>
  ({ permissions: { canPublish, canPublishSources: sources.map(proto) } }) as unknown as Parameters<typeof maySpeak>[0];

describe("the floor", () => {
  it("is what the SFU permits", () => {
    expect(maySpeak(who(true, Track.Source.Camera, Track.Source.Microphone))).toBe(true);
    expect(maySpeak(who(true, Track.Source.Camera))).toBe(false);
    expect(maySpeak(who(false, Track.Source.Microphone))).toBe(false);
    expect(mayShare(who(true, Track.Source.Microphone))).toBe(false);
    expect(mayShare(who(true, Track.Source.ScreenShare))).toBe(true);
  });

  it("is open to all sources where none is named, and while nothing is known", () => {
    expect(maySpeak(who(true))).toBe(true);
    expect(maySpeak({} as Parameters<typeof maySpeak>[0])).toBe(true);
  });
});
