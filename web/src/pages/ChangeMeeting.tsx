import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { PortalError, portal } from "../api/portal";
import { Loading } from "../components/Loading";
import { ErrorPage } from "./ErrorPage";
import { MeetingForm } from "./Plan";

/** A planned meeting's title, time and level, for the person who planned it. */
export default function ChangeMeeting() {
  const { id = "" } = useParams();
  // Once: what somebody types is not overwritten by what others do meanwhile.
  const meeting = useQuery({
    queryKey: ["meetings", id],
    queryFn: () => portal.meeting(id),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (meeting.data) return meeting.data.mine ? <MeetingForm meeting={meeting.data} /> : <ErrorPage reason="notFound" />;
  if (meeting.error instanceof PortalError && [403, 404].includes(meeting.error.status))
    return <ErrorPage reason="notFound" />;
  return meeting.isError ? <ErrorPage reason="unreachable" /> : <Loading />;
}
