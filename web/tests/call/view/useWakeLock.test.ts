// @vitest-environment jsdom
import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useWakeLock } from "../../../src/call/view/useWakeLock";

class Lock {
  released = false;
  readonly release = vi.fn(async () => {
    this.released = true;
  });
}

let locks: Lock[];
let granted: Promise<void>;
const request = vi.fn(async () => {
  await granted;
  const lock = new Lock();
  locks.push(lock);
  return lock;
});

/** The page is hidden, which takes the lock away, or shown. */
const turn = (state: DocumentVisibilityState) =>
  act(async () => {
    vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
    if (state === "hidden") for (const lock of locks) lock.released = true;
    document.dispatchEvent(new Event("visibilitychange"));
  });

beforeEach(() => {
  locks = [];
  granted = Promise.resolve();
  request.mockClear();
  Object.defineProperty(navigator, "wakeLock", { value: { request }, configurable: true });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  Reflect.deleteProperty(navigator, "wakeLock");
});

describe("the screen", () => {
  it("is kept awake from the start of a call, again after the page was hidden, and no longer than the call", async () => {
    await turn("visible");
    const { unmount } = renderHook(() => useWakeLock());
    await act(async () => {});
    expect(request.mock.calls).toEqual([["screen"]]);
    await turn("visible");
    expect(request).toHaveBeenCalledTimes(1);
    await turn("hidden");
    expect(request).toHaveBeenCalledTimes(1);
    await turn("visible");
    expect(request).toHaveBeenCalledTimes(2);
    expect(locks[1]?.release).not.toHaveBeenCalled();
    unmount();
    expect(locks[1]?.release).toHaveBeenCalledTimes(1);
    await turn("visible");
    expect(request).toHaveBeenCalledTimes(2);
  });

  it("may sleep when the lock comes after the call's end", async () => {
    await turn("visible");
    let grant = () => {};
    granted = new Promise((resolve) => {
      grant = resolve;
    });
    const { unmount } = renderHook(() => useWakeLock());
    unmount();
    await act(async () => grant());
    expect(locks.map((lock) => lock.released)).toEqual([true]);
  });
});
