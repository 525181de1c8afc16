import { useMemo, useRef } from "react";
import type { CallState, Refusal } from "../model";

export interface HiddenNames {
  /** The call, with numbers in place of names where they are hidden. */
  state: CallState;
  /** The same for a sentence that was made before. */
  mask: (sentence: string) => string;
}

/**
 * Numbers in place of names, for screenshots. Whoever has a number keeps it, whoever else leaves.
 *
 * @param call as it is
 * @param hide whether names are hidden
 * @param called what somebody with this number is called
 */
export function useHiddenNames(call: CallState, hide: boolean, called: (n: number) => string): HiddenNames {
  const numbers = useRef(new Map<string, { number: number; name: string }>());
  return useMemo(() => {
    for (const { identity, name } of call.people) {
      const number = numbers.current.get(identity)?.number ?? numbers.current.size + 1;
      numbers.current.set(identity, { number, name });
    }
    if (!hide) return { state: call, mask: (sentence) => sentence };
    const nameOf = (identity: string) => called(numbers.current.get(identity)?.number ?? 0);
    const anonymous = (refusal: Refusal) => ({ ...refusal, name: nameOf(refusal.identity) });
    // Longer names first: one may begin with another.
    const known = [...numbers.current.values()].sort((a, b) => b.name.length - a.name.length);
    const mask = (sentence: string) =>
      known.reduce((masked, { number, name }) => masked.replaceAll(name, called(number)), sentence);
    const state = {
      ...call,
      people: call.people.map((person) => ({ ...person, name: nameOf(person.identity) })),
      refusals: call.refusals.map(anonymous),
      alarms: call.alarms.map(anonymous),
      removedByIsolation: call.removedByIsolation.map(mask),
    };
    return { state, mask };
  }, [call, hide, called]);
}
