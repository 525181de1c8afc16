import { describe, expect, it } from "vitest";
import type { Person } from "../../src/call/model";
import { kindOf, visibleName, withNumbers } from "../../src/call/names";
import { person as standIn } from "./standIns";

const person = (identity: string, name: string, kind: Person["kind"], minute: number) =>
  standIn({ identity, name, kind, joinedAt: new Date(2026, 10, 29, 14, minute) });

describe("equal names", () => {
  it("get a number, and whoever organises keeps the bare name although a guest came first", () => {
    const people = [
      person("a", "Anna Muster", "guest", 1),
      person("b", "anna  muster".replace("  ", " "), "organiser", 9),
      person("c", "Anna Muster", "member", 5),
      person("d", "Somebody", "guest", 2),
    ];
    expect(withNumbers(people).map(({ name }) => name)).toEqual([
      "Anna Muster (3)",
      "anna muster",
      "Anna Muster (2)",
      "Somebody",
    ]);
  });
});

describe("a name", () => {
  it("is compared and shown as it is seen", () => {
    expect(visibleName("Anna\u200b \u00adMuster", "p-1")).toBe("Anna Muster");
    for (const name of ["\u3164", "\u2800", "\u200d\u200d", "\u00ad", "\u061c", "\u{e0041}", "", undefined])
      expect(visibleName(name, "p-1")).toBe("p-1");
  });

  it("comes with what the portal says this person is, and nothing else", () => {
    expect(kindOf("guest")).toBe("guest");
    expect(kindOf("organiser")).toBe("organiser");
    expect([kindOf(undefined), kindOf("admin"), kindOf("")]).toEqual([undefined, undefined, undefined]);
  });
});
