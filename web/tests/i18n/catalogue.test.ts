import { describe, expect, it } from "vitest";
import { de } from "../../src/i18n/de";
import { en } from "../../src/i18n/en";

type StatsEntry = [path: string, text: string];

function entries(catalogue: object, path = ""): StatsEntry[] {
  return Object.entries(catalogue).flatMap(([key, value]): StatsEntry[] => {
    const at = `${path}${key}`;
    if (typeof value === "string") return [[at, value]];
    if (typeof value === "function") return [[at, String(value(2, 3))]];
    return entries(value as object, `${at}.`);
  });
}

const german = entries(de);
const english = entries(en);

describe("the catalogues", () => {
  it("have the same entries, none of them empty", () => {
    expect(german.map(([path]) => path).sort()).toEqual(english.map(([path]) => path).sort());
    expect([...german, ...english].filter(([, text]) => text.trim() === "")).toEqual([]);
  });

  it("raise their voice nowhere", () => {
    expect([...german, ...english].filter(([, text]) => text.includes("!"))).toEqual([]);
  });

  it("address German readers with Sie", () => {
    expect(german.filter(([, text]) => /\b(du|dich|dir|dein|deine|euch)\b/i.test(text))).toEqual([]);
  });

  it("are translated: long texts differ", () => {
    const translations = new Map(german);
    expect(english.filter(([path, text]) => text.length > 14 && translations.get(path) === text)).toEqual([]);
  });
});
