import type { Role } from "../api/portal";
import type { Person, PersonKind } from "./model";

const KINDS: readonly PersonKind[] = ["organiser", "member", "guest"];

export const kindOf = (attribute: string | undefined): PersonKind | undefined =>
  KINDS.find((kind) => kind === attribute);

const ROLES: readonly Role[] = ["organiser", "co_organiser", "participant"];

/** Whoever's role is not known has none. */
export const roleOf = (attribute: string | undefined): Role =>
  ROLES.find((role) => role === attribute) ?? "participant";

/** What is not seen, so that two names that look the same are the same. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\u2800]/gu;

/** The name as it is seen; the identity for a name that shows nothing. */
export const visibleName = (name: string | undefined, identity: string): string =>
  (name ?? "").replace(UNSEEN, "").replace(/\s+/gu, " ").trim() || identity;

const comparable = (name: string) => name.normalize("NFKC").toLocaleLowerCase();

/**
 * Gives equal names a number, so that nobody passes for somebody else. Whoever organises keeps the bare name, then members,
 * then guests in the order in which they came.
 */
export function withNumbers(people: readonly Person[]): Person[] {
  const rank = ({ kind }: Person) => (kind ? KINDS.indexOf(kind) : KINDS.length);
  const since = ({ joinedAt }: Person) => joinedAt?.getTime() ?? Number.POSITIVE_INFINITY;
  const order = [...people].sort(
    (a, b) => rank(a) - rank(b) || since(a) - since(b) || a.identity.localeCompare(b.identity),
  );
  const seen = new Map<string, number>();
  const numbers = new Map<Person, number>();
  for (const person of order) {
    const name = comparable(person.name);
    const number = (seen.get(name) ?? 0) + 1;
    seen.set(name, number);
    numbers.set(person, number);
  }
  return people.map((person) => {
    const number = numbers.get(person) ?? 1;
    return number > 1 ? { ...person, name: `${person.name} (${number})` } : person;
  });
}
