import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { endOf, portal } from "../api/portal";
import { keepOrganiserKey } from "../e2ee/keyStore";
import { meetingLink, newMeetingKey } from "../e2ee/meetingKey";
import { useText } from "../i18n";
import { useRecheckSession } from "../session";

const MINUTES = 60;

/** What the way in says to somebody who has just started a meeting. */
export interface Started {
  linkCopied: boolean;
}

/** A meeting without planning: at the site's default level, its link copied, and in. */
export function useStartNow() {
  const { meetings } = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const recheckSession = useRecheckSession();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const start = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const planned = await portal.plan({ title: meetings.unplanned, duration_minutes: MINUTES });
      const { id } = planned;
      const key = newMeetingKey();
      keepOrganiserKey(id, key, endOf(planned));
      const linkCopied = await navigator.clipboard.writeText(meetingLink(location.origin, id, key)).then(
        () => true,
        () => false,
      );
      void queries.invalidateQueries({ queryKey: ["meetings"] });
      await navigate(`/m/${id}`, { state: { linkCopied } satisfies Started });
    } catch (problem) {
      recheckSession(problem);
      setError(problem);
      setBusy(false);
    }
  };
  return { busy, error, start };
}
