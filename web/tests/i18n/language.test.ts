import { describe, expect, it } from "vitest";
import { pickLanguage } from "../../src/i18n";
import { dayOf } from "../../src/i18n/time";

describe("the language", () => {
  it("is the one chosen here, else on the sign-in pages, else the browser's, else the site's", () => {
    expect(pickLanguage("en", "de", ["de-DE"], "de")).toBe("en");
    expect(pickLanguage(null, "en", ["de-DE"], "de")).toBe("en");
    expect(pickLanguage(null, null, ["fr-FR", "de-AT"], "en")).toBe("de");
    expect(pickLanguage(null, undefined, ["fr-FR"], "de")).toBe("de");
    expect(pickLanguage("xx", "xx", [], undefined)).toBe("en");
  });
});

describe("a day", () => {
  it("counts days from midnight, not in spans of 24 hours", () => {
    const now = new Date(2026, 10, 21, 23, 50);
    expect(dayOf(new Date(2026, 10, 21, 0, 5), now)).toBe("today");
    expect(dayOf(new Date(2026, 10, 22, 0, 5), now)).toBe("later");
    expect(dayOf(new Date(2026, 10, 20, 23, 59), now)).toBe("earlier");
  });
});
