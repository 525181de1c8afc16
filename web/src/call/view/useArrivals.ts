import { useEffect, useRef, useState } from "react";
import type { CallState, Person } from "../model";

const SHOWN_MS = 8000;

type Arrival = Pick<Person, "identity" | "name" | "kind">;

/**
 * Who has come in just now. Nobody joins unnoticed: each is shown for a while, and `signal` is called.
 *
 * @param signal called once for all who come at the same time
 */
export function useArrivals(state: CallState, signal: () => void): readonly Arrival[] {
  const [arrivals, setArrivals] = useState<readonly Arrival[]>([]);
  const known = useRef<ReadonlySet<string> | undefined>(undefined);
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  const { people, phase } = state;
  useEffect(() => {
    if (phase === "connecting") return;
    const before = known.current;
    known.current = new Set(people.map(({ identity }) => identity));
    // Whoever was there before oneself has not come in.
    if (!before) return;
    const came = people.filter(({ identity, self }) => !self && !before.has(identity));
    if (came.length === 0) return;
    signal();
    setArrivals((shown) => [...shown, ...came]);
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setArrivals((shown) => shown.filter(({ identity }) => !came.some((person) => person.identity === identity)));
    }, SHOWN_MS);
    timers.current.add(timer);
  }, [people, phase, signal]);
  useEffect(() => {
    const running = timers.current;
    return () => {
      for (const timer of running) clearTimeout(timer);
    };
  }, []);
  return arrivals;
}
