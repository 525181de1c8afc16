import { useState } from "react";
import { useParams } from "react-router";
import { Call } from "../../call/view/Call";
import { Loading } from "../../components/Loading";
import { isMeetingId } from "../../e2ee/address";
import { linkWasDamaged, meetingKey, organiserKey } from "../../e2ee/keyStore";
import type { MeetingKey } from "../../e2ee/meetingKey";
import { encryptionSupport } from "../../e2ee/support";
import { useSession } from "../../session";
import { CallEnded } from "../EndedPage";
import { ErrorPage } from "../ErrorPage";
import { Denied } from "./Denied";
import { Prejoin } from "./Prejoin";
import { Rejoining } from "./Rejoining";
import { useJoin } from "./useJoin";
import "../../styles/join.css";

function Meeting({ id, meetingKey: found }: { id: string; meetingKey: MeetingKey }) {
  const { session } = useSession();
  const { state, submit, leave, retry, meetingKey: key } = useJoin(id, found);
  switch (state.name) {
    case "loading":
    case "sentOut":
    case "ended":
      return <Loading />;
    case "prejoin":
    case "joining":
    case "waiting":
    case "admitted":
      return (
        <Prejoin
          id={id}
          user={session?.user ?? null}
          state={state}
          onJoin={(credentials, devices) => void submit(credentials, devices)}
          onGiveUp={leave}
        />
      );
    case "denied":
      return <Denied message={state.message} onRetry={retry} />;
    case "inCall":
      return <Call id={id} call={state.call} site={session?.site} keyMadeHere={key === organiserKey(id)} />;
    case "rejoining":
      return <Rejoining onLeave={leave} />;
    case "disconnected":
      return <CallEnded reason="lost" onRejoin={retry} />;
    case "failed":
      return <ErrorPage reason={state.reason} onRetry={retry} />;
  }
}

/** What a meeting's link opens. */
export default function JoinPage() {
  const { id } = useParams();
  const [key] = useState(() => (isMeetingId(id) ? meetingKey(id) : undefined));
  const support = encryptionSupport();
  if (support !== "works") return <ErrorPage reason={support} />;
  if (!isMeetingId(id)) return <ErrorPage reason="linkDamaged" />;
  if (!key) return <ErrorPage reason={linkWasDamaged(id) ? "keyDamaged" : "keyMissing"} />;
  return <Meeting id={id} meetingKey={key} />;
}
