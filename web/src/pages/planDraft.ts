import type { ExpectedPerson } from "../api/portal";

/** What was typed while planning, kept in this tab over the way to the sign-in page and back. */
export interface PlanDraft {
  title: string;
  /** Local date and time as ISO 8601 writes them. */
  day: string;
  time: string;
  minutes: number;
  /** Name of the level; undefined: the site's default. */
  level?: string | undefined;
  waitingRoom?: boolean | undefined;
  expected?: ExpectedPerson[] | undefined;
  floorWaits?: boolean | undefined;
}

const STORED = "conclave.draft";

export function keepDraft(draft: PlanDraft): void {
  sessionStorage.setItem(STORED, JSON.stringify(draft));
}

/** The draft, once. */
export function takeDraft(): PlanDraft | undefined {
  const stored = sessionStorage.getItem(STORED);
  if (stored === null) return undefined;
  sessionStorage.removeItem(STORED);
  const draft = JSON.parse(stored) as Partial<PlanDraft>;
  const { title, day, time, minutes, ...rest } = draft;
  return typeof title === "string" && typeof day === "string" && typeof time === "string" && typeof minutes === "number"
    ? { title, day, time, minutes, ...rest }
    : undefined;
}
