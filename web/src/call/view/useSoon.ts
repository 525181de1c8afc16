import { useEffect, useState } from "react";

/** How long before an end it is said. */
const SOON_MS = 5 * 60_000;
/** A timer of the browser holds 24 days at most. */
const LONGEST_MS = 2 ** 31 - 1;

/** Whether a time is less than five minutes away, or past. */
export function useSoon(at: Date | undefined): boolean {
  const begins = at === undefined ? undefined : at.getTime() - SOON_MS;
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (begins === undefined || begins <= now) return;
    const timer = setTimeout(() => setNow(Date.now()), Math.min(LONGEST_MS, begins - now));
    return () => clearTimeout(timer);
  }, [begins, now]);
  return begins !== undefined && begins <= now;
}
