import { type CalendarDate, toCalendarDate, type ZonedDateTime } from "@internationalized/date";

export type Every = "daily" | "weekly" | "fortnightly" | "monthly";

/** As the portal limits them, the first meeting included. */
export const MOST = 52;

const step = (every: Every, times: number) =>
  ({ daily: { days: times }, weekly: { weeks: times }, fortnightly: { weeks: 2 * times }, monthly: { months: times } })[
    every
  ];

/**
 * When a meeting is repeated, without the first time. It stays at its hour in its time zone when the clocks change, and a
 * month without its day takes the last one.
 */
export function repetitions(first: ZonedDateTime, every: Every, until: CalendarDate): ZonedDateTime[] {
  const found: ZonedDateTime[] = [];
  for (let times = 1; times < MOST; times += 1) {
    const next = first.add(step(every, times));
    if (toCalendarDate(next).compare(until) > 0) break;
    found.push(next);
  }
  return found;
}

/** Whether the last day lies behind as many repetitions as are planned at once. */
export const isCut = (first: ZonedDateTime, every: Every, until: CalendarDate): boolean =>
  toCalendarDate(first.add(step(every, MOST))).compare(until) <= 0;
