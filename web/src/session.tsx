import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { PortalError, portal, type Session } from "./api/portal";

const KEY = ["session"] as const;

export function useSession(): { session: Session | undefined; failed: boolean; again: () => void } {
  const { data, isError, refetch } = useQuery({ queryKey: KEY, queryFn: portal.session, staleTime: 60_000 });
  return { session: data, failed: isError && !data, again: () => void refetch() };
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
