import { useMemo } from "react";
import { useLanguage } from "./index";

export type Day = "earlier" | "today" | "later";

/** Calendar day of `date` seen from `now`, in the reader's time zone. */
export function dayOf(date: Date, now: Date): Day {
  const number = (d: Date) => d.getFullYear() * 10_000 + d.getMonth() * 100 + d.getDate();
  const difference = number(date) - number(now);
  return difference === 0 ? "today" : difference < 0 ? "earlier" : "later";
}

/** Dates and times in the reader's language, region and zone. */
export function useTime() {
  const { locale } = useLanguage();
  return useMemo(() => {
    const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
    const day = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "short" });
    const long = new Intl.DateTimeFormat(locale, { dateStyle: "full" });
    const zone = new Intl.DateTimeFormat(locale, { timeZoneName: "long" });
    return {
      /** The reader's time zone by name, as it is at that time. */
      zone: (date: Date) => zone.formatToParts(date).find(({ type }) => type === "timeZoneName")?.value ?? "",
      clock: (date: Date) => clock.format(date),
      day: (date: Date) => day.format(date),
      longDay: (date: Date) => long.format(date),
      clockOrDay: (date: Date) =>
        dayOf(date, new Date()) === "today" ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`,
    };
  }, [locale]);
}
