import { expect, it } from "vitest";
import { RETRIES } from "../../src/call/retries";

const pauses = (): number[] => {
  const found: number[] = [];
  for (let retryCount = 0; ; retryCount += 1) {
    const pause = RETRIES.nextRetryDelayInMs({ retryCount, elapsedMs: 0 });
    if (pause === null) return found;
    found.push(pause);
  }
};

it("tries about twice a second while an SFU starts again, and goes on for a minute", () => {
  let at = 0;
  for (const pause of pauses()) {
    expect(pause, `after ${at} ms`).toBeLessThanOrEqual(at < 2500 ? 900 : 10_500);
    at += pause;
  }
  expect(at).toBeGreaterThan(35_000);
});
