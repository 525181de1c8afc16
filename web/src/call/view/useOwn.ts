import { useMemo } from "react";
import { type Asked, portal } from "../../api/portal";
import { keptPlace } from "../../pages/join/placeStore";
import type { CallState, LocalSource } from "../model";

/** What everybody inside tells the organisers, through the portal. */
export interface OwnActions {
  raiseHand: (up: boolean) => Promise<void>;
  answer: (what: Asked, agreed: boolean) => Promise<void>;
}

/** @param id the meeting's */
export function useOwn(id: string): OwnActions {
  return useMemo(
    () => ({
      raiseHand: async (raised) => {
        await portal.raiseHand(id, raised, keptPlace(id));
      },
      answer: async (what, agreed) => {
        await portal.answer(id, what, agreed, keptPlace(id));
      },
    }),
    [id],
  );
}

/**
 * Answers an organiser's question; a yes switches on what was asked for, as soon as the organiser has heard it.
 * @param wanted whether it is still to be switched on then
 */
export async function answer(
  own: OwnActions,
  { question, sending }: Pick<CallState, "question" | "sending">,
  { toggle }: { toggle: (source: LocalSource) => Promise<void> },
  agreed: boolean,
  wanted: () => boolean = () => true,
): Promise<void> {
  if (!question) return;
  await own.answer(question.what, agreed);
  if (agreed && wanted() && !sending[question.what]) await toggle(question.what);
}
