import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { PortalError, portal, type Session } from "./api/portal";
import { siteAsTold, type Told } from "./call/told";

const KEY = ["session"] as const;
/** How often the site's mode is asked for; a call hears of a switch at once, on another way. */
const EVERY_MS = 30_000;
const SOON_MS = 2000;

/** Asks again when a rehearsal ends, so that its banner does not stay. */
export function nextLook(session: Session | undefined, now: number): number {
  const until = session?.site.mode_until ? Date.parse(session.site.mode_until) : Number.POSITIVE_INFINITY;
  return Math.min(EVERY_MS, Math.max(SOON_MS, until + SOON_MS - now));
}

export function useSession(): { session: Session | undefined; failed: boolean; again: () => void } {
  const { data, isError, refetch } = useQuery({
    queryKey: KEY,
    queryFn: portal.session,
    staleTime: 60_000,
    refetchInterval: (query) => nextLook(query.state.data, Date.now()),
  });
  return { session: data, failed: isError && !data, again: () => void refetch() };
}

/** A call heard that the mode is switched: shown at once, then the portal is asked, whose word counts. */
export function useHear(): (told: Told) => void {
  const queries = useQueryClient();
  return useCallback(
    (told) => {
      queries.setQueryData<Session>(KEY, (session) => session && { ...session, site: siteAsTold(session.site, told) });
      void queries.invalidateQueries({ queryKey: KEY });
    },
    [queries],
  );
}

/** The session ended or was renewed elsewhere: asking again brings the sign-in page, or a fresh token. */
export function useAskSession(): (problem: unknown) => void {
  const queries = useQueryClient();
  return useCallback(
    (problem) => {
      if (problem instanceof PortalError && (problem.status === 401 || problem.code === "csrf"))
        void queries.invalidateQueries({ queryKey: KEY });
    },
    [queries],
  );
}
