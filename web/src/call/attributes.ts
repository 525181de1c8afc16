import type { Asked } from "../api/portal";

/** An organiser's question to this participant; another time is another question. */
export interface Question {
  what: Asked;
  at: string;
}

const ASKED: readonly Asked[] = ["microphone", "camera"];

/** A time that the portal wrote; undefined for anything else. */
export function timeOf(attribute: string | undefined): Date | undefined {
  const at = new Date(attribute ?? "");
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** What the portal shows that an organiser asks: `camera 2026-11-30T12:00:00.000Z`. */
export function questionOf(attribute: string | undefined): Question | undefined {
  const [word, at = ""] = (attribute ?? "").split(" ");
  const what = ASKED.find((known) => known === word);
  return what && timeOf(at) ? { what, at } : undefined;
}
