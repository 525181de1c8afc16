import { describe, expect, it } from "vitest";
import { gridShape, tilesPerPage } from "../src/call/grid";
import type { Person } from "../src/call/model";
import { arrange } from "../src/call/order";
import { shortcutOf } from "../src/call/view/shortcuts";
import { initials } from "../src/call/view/Tile";
import { pickLanguage } from "../src/i18n";
import { dayOf } from "../src/i18n/time";

const someone = (identity: string, speaking = false, self = false) =>
  ({ identity, speaking, self }) as unknown as Person;

describe("the grid", () => {
  it("fits on the stage for any number of people", () => {
    for (const [width, height] of [
      [1280, 640],
      [390, 640],
      [800, 300],
    ] as const)
      for (let count = 1; count <= 50; count += 1) {
        const { columns, rows, tileWidth, tileHeight } = gridShape(count, width, height);
        expect(columns * rows).toBeGreaterThanOrEqual(count);
        expect(columns * tileWidth + (columns - 1) * 8).toBeLessThanOrEqual(width);
        expect(rows * tileHeight + (rows - 1) * 8).toBeLessThanOrEqual(height);
      }
  });

  it("puts two people side by side on a desk and above each other on a phone", () => {
    expect(gridShape(2, 1280, 640).columns).toBe(2);
    expect(gridShape(2, 390, 640).columns).toBe(1);
  });

  it("holds a dozen people on a laptop's page and at least six on a phone's", () => {
    expect(tilesPerPage(1256, 620)).toBeGreaterThanOrEqual(12);
    expect(tilesPerPage(366, 640)).toBeGreaterThanOrEqual(6);
  });
});

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

describe("the language", () => {
  it("is the one chosen here, else the browser's, else the site's", () => {
    expect(pickLanguage("en", ["de-DE"], "de")).toBe("en");
    expect(pickLanguage(null, ["fr-FR", "de-AT"], "en")).toBe("de");
    expect(pickLanguage(null, ["fr-FR"], "de")).toBe("de");
    expect(pickLanguage("xx", [], undefined)).toBe("en");
  });
});

describe("small things", () => {
  it("takes initials from first and last word of any script", () => {
    expect(initials("Organiser Demo")).toBe("OD");
    expect(initials("  leitstelle ")).toBe("L");
    expect(initials("Ünal von Özer")).toBe("ÜÖ");
    expect(initials("")).toBe("?");
  });

  it("counts days from midnight, not in spans of 24 hours", () => {
    const now = new Date(2026, 10, 21, 23, 50);
    expect(dayOf(new Date(2026, 10, 21, 0, 5), now)).toBe("today");
    expect(dayOf(new Date(2026, 10, 22, 0, 5), now)).toBe("later");
    expect(dayOf(new Date(2026, 10, 20, 23, 59), now)).toBe("earlier");
  });

  it("leaves combinations with Ctrl, Alt and Meta to the browser", () => {
    expect(shortcutOf(new KeyboardEvent("keydown", { key: "m" }))).toBe("microphone");
    expect(shortcutOf(new KeyboardEvent("keydown", { key: "m", ctrlKey: true }))).toBeUndefined();
    expect(shortcutOf(new KeyboardEvent("keydown", { key: "x" }))).toBeUndefined();
  });
});
