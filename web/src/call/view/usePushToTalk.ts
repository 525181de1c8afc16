import { useCallback, useRef } from "react";

/**
 * Opens the microphone while a key is held. One that was open stays so; one that is let go before it was open is closed
 * all the same, after that.
 */
export function usePushToTalk(on: boolean, set: (on: boolean) => Promise<void>): (held: boolean) => void {
  const open = useRef(on);
  open.current = on;
  const opened = useRef(false);
  const last = useRef<Promise<void>>(Promise.resolve());
  return useCallback(
    (held: boolean) => {
      if (held ? open.current : !opened.current) return;
      opened.current = held;
      last.current = last.current.then(() => set(held)).catch(() => undefined);
    },
    [set],
  );
}
