import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { PortalError, portal, type Session } from "./api/portal";
import { applyModeAnnouncement, type ModeAnnouncement } from "./call/modeAnnouncement";

/** How often the site's mode is polled; a call learns of a change at once, from its room. */
const POLL_MS = 30_000;
const MIN_POLL_MS = 2000;

/** Polls again when a rehearsal ends, so that its banner does not stay. */
export function sessionRefetchInterval(session: Session | undefined, now: number): number {
  const until = session?.site.mode_until ? Date.parse(session.site.mode_until) : Number.POSITIVE_INFINITY;
  return Math.min(POLL_MS, Math.max(MIN_POLL_MS, until + MIN_POLL_MS - now));
}

export const sessionQuery = queryOptions({ queryKey: ["session"], queryFn: portal.session, staleTime: 60_000 });

export function useSession(): { session: Session | undefined; failed: boolean } {
  const { data, isError } = useQuery({
    ...sessionQuery,
    refetchInterval: (query) => sessionRefetchInterval(query.state.data, Date.now()),
  });
  return { session: data, failed: isError && !data };
}

/** For a change of mode that was announced in a call: shown at once, then the portal is asked, whose answer counts. */
export function useApplyModeAnnouncement(): (announcement: ModeAnnouncement) => void {
  const queries = useQueryClient();
  return useCallback(
    (announcement) => {
      queries.setQueryData(
        sessionQuery.queryKey,
        (session) => session && { ...session, site: applyModeAnnouncement(session.site, announcement) },
      );
      void queries.invalidateQueries(sessionQuery);
    },
    [queries],
  );
}

/**
 * For an error of the portal that says that the session ended or was renewed elsewhere: asking for it again brings the
 * sign-in page, or a fresh token.
 */
export function useRecheckSession(): (error: unknown) => void {
  const queries = useQueryClient();
  return useCallback(
    (error) => {
      if (error instanceof PortalError && (error.status === 401 || error.code === "csrf"))
        void queries.invalidateQueries(sessionQuery);
    },
    [queries],
  );
}
