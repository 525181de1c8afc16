import { CalendarDate, parseZonedDateTime } from "@internationalized/date";
import { describe, expect, it } from "vitest";
import { isCut, MOST, repetitions } from "../../src/pages/repetition";

const days = (first: string, every: Parameters<typeof repetitions>[1], until: CalendarDate) =>
  repetitions(parseZonedDateTime(first), every, until).map((time) => time.toString().slice(0, 22));

describe("a meeting that is repeated", () => {
  it("stays at its hour when the clocks change", () => {
    const found = days("2026-10-22T10:00[Europe/Berlin]", "weekly", new CalendarDate(2026, 11, 5));
    expect(found).toEqual(["2026-10-29T10:00:00+01", "2026-11-05T10:00:00+01"]);
  });

  it("takes the last day of a month that is too short, and its own day again after it", () => {
    const found = days("2027-01-31T10:00[Europe/Berlin]", "monthly", new CalendarDate(2027, 3, 31));
    expect(found.map((day) => day.slice(0, 10))).toEqual(["2027-02-28", "2027-03-31"]);
  });

  it("is repeated up to its last day, that day included, and not before it", () => {
    const found = days("2026-12-01T10:00[Europe/Berlin]", "fortnightly", new CalendarDate(2026, 12, 29));
    expect(found.map((day) => day.slice(0, 10))).toEqual(["2026-12-15", "2026-12-29"]);
    expect(days("2026-12-01T10:00[Europe/Berlin]", "daily", new CalendarDate(2026, 12, 1))).toEqual([]);
  });

  it("is planned so often as the portal takes it, and no more", () => {
    const [first, until] = [parseZonedDateTime("2026-12-01T10:00[Europe/Berlin]"), new CalendarDate(2027, 12, 1)];
    expect(repetitions(first, "daily", until)).toHaveLength(MOST - 1);
    expect(isCut(first, "daily", until)).toBe(true);
    expect(isCut(first, "daily", new CalendarDate(2027, 1, 21))).toBe(false);
  });
});
