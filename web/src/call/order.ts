import type { Person } from "./model";

/**
 * Order of tiles that moves as little as possible: whoever is shown stays in place, newcomers come last, and a
 * speaker who is not on the first page takes the place of the person there who was silent longest.
 *
 * @param previous identities as shown before
 * @param capacity tiles on the first page
 * @param spoke when each identity spoke last (ms), absent for never
 */
export function arrange(
  previous: readonly string[],
  people: readonly Person[],
  capacity: number,
  spoke: ReadonlyMap<string, number>,
): string[] {
  const present = new Set(people.map((person) => person.identity));
  const kept = previous.filter((identity) => present.has(identity));
  const known = new Set(kept);
  const order = [...kept, ...people.map((person) => person.identity).filter((identity) => !known.has(identity))];
  const silence = (identity: string) => spoke.get(identity) ?? Number.NEGATIVE_INFINITY;
  const speaking = new Set(people.filter((person) => person.speaking).map((person) => person.identity));
  const self = people.find((person) => person.self)?.identity;
  for (let at = capacity; at < order.length; at += 1) {
    const identity = order[at];
    if (identity === undefined || !speaking.has(identity)) continue;
    const replaceable = order
      .slice(0, capacity)
      .map((candidate, place) => ({ candidate, place }))
      .filter(({ candidate }) => candidate !== self && !speaking.has(candidate));
    const quietest = replaceable.sort((a, b) => silence(a.candidate) - silence(b.candidate))[0];
    if (!quietest) break;
    order[at] = quietest.candidate;
    order[quietest.place] = identity;
  }
  return order;
}
