import type { Person } from "./model";

/** Those whose hand is up, in the order in which the portal saw it; nobody can put himself before others. */
export function handsOf(people: readonly Person[]): Person[] {
  const since = ({ hand }: Person) => hand?.getTime() ?? 0;
  return people
    .filter((person) => person.hand !== undefined)
    .sort((a, b) => since(a) - since(b) || a.identity.localeCompare(b.identity));
}
