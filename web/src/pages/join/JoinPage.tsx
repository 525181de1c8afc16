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
import { Prejoin } from "./Prejoin";
import { Rejoining } from "./Rejoining";
import { useJoin } from "./useJoin";
import "../../styles/join.css";

function Meeting({ id, meetingKey: key }: { id: string; meetingKey: MeetingKey }) {
  const { session } = useSession();
  const { state, submit, leave, retry } = useJoin(id, key);
  switch (state.name) {
    case "loading":
    case "ended":
      return <Loading />;
    case "prejoin":
    case "joining":
      return (
        <Prejoin
          id={id}
          user={session?.user ?? null}
          joining={state.name === "joining"}
          away={state.name === "joining" ? state.away : undefined}
          error={state.name === "prejoin" ? state.error : undefined}
          onJoin={(credentials, devices) => void submit(credentials, devices)}
        />
      );
    case "inCall":
      return <Call call={state.call} site={session?.site} keyMadeHere={key === organiserKey(id)} />;
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
