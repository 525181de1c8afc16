import { useMemo } from "react";
import { type Asked, portal } from "../../api/portal";
import { keptPlace } from "../../pages/join/placeStore";

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
