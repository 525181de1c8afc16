import { useEffect } from "react";

/** Keeps the screen awake during a call. Browsers release the lock with the page's visibility, so it is asked for again. */
export function useWakeLock(): void {
  useEffect(() => {
    if (!("wakeLock" in navigator)) return;
    let lock: WakeLockSentinel | undefined;
    let over = false;
    const request = async () => {
      if (document.visibilityState !== "visible" || (lock && !lock.released)) return;
      try {
        lock = await navigator.wakeLock.request("screen");
        if (over) await lock.release();
      } catch {
        // A battery saver says no; the call goes on.
      }
    };
    const visible = () => void request();
    visible();
    document.addEventListener("visibilitychange", visible);
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", visible);
      void lock?.release().catch(() => undefined);
    };
  }, []);
}
