import { describe, expect, it } from "vitest";
import type { Person } from "../../src/call/model";
import { arrange } from "../../src/call/order";

const someone = (identity: string, speaking = false, self = false) =>
  ({ identity, speaking, self }) as unknown as Person;

describe("the order of tiles", () => {
  const people = ["me", "b", "c", "d", "e"].map((identity) => someone(identity, false, identity === "me"));

  it("stays when people come and go", () => {
    const before = arrange([], people, 3, new Map());
    expect(before).toEqual(["me", "b", "c", "d", "e"]);
    expect(arrange(before, [...people.slice(0, 2), ...people.slice(3), someone("f")], 3, new Map())).toEqual([
      "me",
      "b",
      "d",
      "e",
      "f",
    ]);
  });

  it("brings a hidden speaker to the first page in place of the one silent longest", () => {
    const spoke = new Map([["b", 5]]);
    const speaking = people.map((person) => (person.identity === "e" ? someone("e", true) : person));
    expect(arrange(["me", "b", "c", "d", "e"], speaking, 3, spoke)).toEqual(["me", "b", "e", "d", "c"]);
  });

  it("never hides oneself or somebody who speaks", () => {
    const all = ["me", "b", "c", "d"].map((identity) => someone(identity, identity !== "me", identity === "me"));
    expect(arrange(["me", "b", "c", "d"], all, 3, new Map())).toEqual(["me", "b", "c", "d"]);
  });
});
