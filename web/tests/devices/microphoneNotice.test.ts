import { describe, expect, it } from "vitest";
import { type Hearing, hear, NOTHING_HEARD } from "../../src/devices/microphoneNotice";

const QUIET_ROOM = -62;
const SPEECH = -25;
const NOTHING = -120;

/** What is said in the end, and whether anything was on the way. */
function listen(levels: [decibels: number, seconds: number][], open: boolean): { end: Hearing; said: boolean } {
  let end = NOTHING_HEARD;
  let said = false;
  for (const [decibels, seconds] of levels)
    for (let n = 0; n < seconds * 20; n += 1) {
      end = hear(end, decibels, open, 50);
      said ||= end.notice !== undefined;
    }
  return { end, said };
}

describe("what is said about the own microphone", () => {
  it("names an open one that hears nothing at all", () => {
    expect(listen([[NOTHING, 7.5]], true).said).toBe(false);
    expect(listen([[NOTHING, 8.5]], true).end.notice).toBe("silent");
    expect(
      listen(
        [
          [NOTHING, 30],
          [QUIET_ROOM, 0.1],
        ],
        true,
      ).end.notice,
    ).toBeUndefined();
  });

  it("lets people listen: a quiet room is no silence, and who was heard once may be silent", () => {
    expect(listen([[QUIET_ROOM, 60]], true).said).toBe(false);
    expect(
      listen(
        [
          [SPEECH, 0.1],
          [NOTHING, 60],
        ],
        true,
      ).said,
    ).toBe(false);
  });

  it("tells who speaks into a closed one, soon, for a while, and not again at once", () => {
    expect(listen([[SPEECH, 0.4]], false).said).toBe(false);
    expect(listen([[SPEECH, 1]], false).end.notice).toBe("mutedTalking");
    expect(
      listen(
        [
          [SPEECH, 1],
          [QUIET_ROOM, 9],
        ],
        false,
      ).end.notice,
    ).toBeUndefined();
    expect(listen([[SPEECH, 20]], false).end.notice).toBeUndefined();
    expect(
      listen(
        [
          [SPEECH, 1],
          [QUIET_ROOM, 61],
          [SPEECH, 1],
        ],
        false,
      ).end.notice,
    ).toBe("mutedTalking");
  });

  it("takes neither a cough nor noise of the room for speech", () => {
    expect(
      listen(
        [
          [SPEECH, 0.3],
          [QUIET_ROOM, 1],
          [SPEECH, 0.3],
          [QUIET_ROOM, 5],
        ],
        false,
      ).said,
    ).toBe(false);
    expect(listen([[-45, 60]], false).said).toBe(false);
  });
});
