import { getLogger, LoggerNames, LogLevel } from "livekit-client";
import { describe, expect, it } from "vitest";
import "../src/silence";

describe("the media library", () => {
  it("prints nothing: its messages have addresses with tickets in them", () => {
    for (const name of Object.values(LoggerNames)) expect(getLogger(name).getLevel(), name).toBe(LogLevel.silent);
  });
});
