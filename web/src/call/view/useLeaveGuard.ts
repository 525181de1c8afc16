import { useCallback, useEffect } from "react";
import { useBlocker } from "react-router";

export interface LeaveGuard {
  /** Somebody went back or forward: whether to leave the call is to be asked. */
  asked: boolean;
  stay: () => void;
}

/**
 * The browser asks before the page of a call is closed, reloaded or left for another address. Of its Back and Forward
 * within this client it knows nothing: the page stays, and asks itself.
 */
export function useLeaveGuard(): LeaveGuard {
  const blocker = useBlocker(({ historyAction }) => historyAction === "POP");
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, []);
  const { reset } = blocker;
  return { asked: blocker.state === "blocked", stay: useCallback(() => reset?.(), [reset]) };
}
