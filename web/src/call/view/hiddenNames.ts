import { useMemo, useRef } from "react";
import type { CallState, Refusal } from "../model";

/**
 * The call with numbers in place of the others' names, for screenshots. Whoever has a number keeps it, whoever else
 * leaves.
 *
 * @param call as it is
 * @param hide whether names are hidden
 * @param called what somebody with this number is called
 */
export function useHiddenNames(call: CallState, hide: boolean, called: (n: number) => string): CallState {
  const numbers = useRef(new Map<string, number>());
  return useMemo(() => {
    for (const { identity } of call.people)
      if (!numbers.current.has(identity)) numbers.current.set(identity, numbers.current.size + 1);
    if (!hide) return call;
    const nameOf = (identity: string) => called(numbers.current.get(identity) ?? 0);
    const anonymous = (refusal: Refusal) => ({ ...refusal, name: nameOf(refusal.identity) });
    return {
      ...call,
      people: call.people.map((person) => ({ ...person, name: nameOf(person.identity) })),
      refusals: call.refusals.map(anonymous),
      alarms: call.alarms.map(anonymous),
    };
  }, [call, hide, called]);
}
