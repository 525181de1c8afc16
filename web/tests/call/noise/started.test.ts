import { afterEach, describe, expect, it, vi } from "vitest";
import { started } from "../../../src/call/noise/started";

afterEach(() => vi.useRealTimers());

describe("audio processing", () => {
  it("that the browser leaves standing is refused, so that nobody is led through it into silence", async () => {
    vi.useFakeTimers();
    const refused = expect(started({ resume: () => new Promise(() => {}) })).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(3000);
    await refused;
  });

  it("goes on once it runs", async () => {
    await expect(started({ resume: async () => {} })).resolves.toBeUndefined();
  });
});
