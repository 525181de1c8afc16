import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { PortalError, portal, signInAddress } from "../api/portal";
import { CallSession } from "../call/CallSession";
import { Call } from "../call/view/Call";
import { Button } from "../components/Button";
import { EncryptedLine } from "../components/EncryptedLine";
import { Field } from "../components/Field";
import { Loading } from "../components/Loading";
import { Notice } from "../components/Notice";
import { Page } from "../components/Page";
import { DeviceCheck } from "../devices/DeviceCheck";
import { useDevices } from "../devices/useDevices";
import { forgetLinkKey, linkWasDamaged, meetingKey, organiserKey } from "../e2ee/keyStore";
import type { MeetingKey } from "../e2ee/meetingKey";
import { encryptionSupport } from "../e2ee/support";
import { useText } from "../i18n";
import { useAskSession, useSession } from "../session";
import { Cannot, type Why } from "./Cannot";
import { EndedBecause } from "./Ended";
import "../styles/join.css";

type Refused = "pin" | "many" | "server" | "unreachable";

function refusalOf(problem: unknown): { page: Why } | { form: Refused } {
  if (!(problem instanceof PortalError) || problem.status === 0) return { form: "unreachable" };
  switch (problem.code) {
    case "pin_wrong":
      return { form: "pin" };
    case "too_many_attempts":
      return { form: "many" };
    case "meeting_not_found":
    case "meeting_over":
      return { page: "over" };
    case "meeting_full":
      return { page: "full" };
    default:
      return { form: "server" };
  }
}

interface BeforeProps {
  id: string;
  meetingKey: MeetingKey;
  onCall: (call: CallSession) => void;
  onRefused: (why: Why) => void;
}

/** Device check and, for guests, name and PIN: one page, one button. */
function Before({ id, meetingKey: key, onCall, onRefused }: BeforeProps) {
  const text = useText();
  const { session } = useSession();
  const devices = useDevices();
  const askSession = useAskSession();
  const user = session?.user ?? null;
  const [name, setName] = useState("");
  const [pin, setPin] = useState("");
  const [tried, setTried] = useState(false);
  const [joining, setJoining] = useState(false);
  const [refused, setRefused] = useState<Refused>();
  const digits = pin.replace(/\s/g, "");
  const nameMissing = name.trim() === "";
  const pinMissing = !/^\d{8}$/.test(digits);

  const join = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (joining || (!user && (nameMissing || pinMissing))) return;
    setJoining(true);
    setRefused(undefined);
    try {
      const admitted = await portal.join(id, user ? undefined : { display_name: name.trim(), pin: digits });
      const call = new CallSession(devices.speaker);
      await call.join(admitted, key, devices.handOver());
      onCall(call);
    } catch (problem) {
      askSession(problem);
      const answer = refusalOf(problem);
      if ("page" in answer) onRefused(answer.page);
      else setRefused(answer.form);
      setJoining(false);
    }
  };

  const refusals: Record<Refused, string> = {
    pin: text.join.refused,
    many: text.join.tooMany,
    server: text.problem.server,
    unreachable: text.problem.unreachable,
  };
  return (
    <Page title={text.join.title}>
      <div className="join">
        <DeviceCheck devices={devices} />
        <form className="card join-form" onSubmit={(event) => void join(event)} noValidate>
          <h1>{user ? text.join.title : text.join.guestTitle}</h1>
          {user ? (
            <p>{text.join.as(user.name)}</p>
          ) : (
            <>
              <Field
                label={text.join.name}
                hint={text.join.nameHint}
                error={tried && nameMissing ? text.join.nameMissing : undefined}
                value={name}
                onChange={setName}
                maxLength={60}
                autoComplete="name"
              />
              <Field
                label={text.join.pin}
                hint={text.join.pinHint}
                error={tried && pinMissing ? text.join.pinMissing : undefined}
                value={pin}
                onChange={setPin}
                maxLength={9}
                inputMode="numeric"
                autoComplete="off"
                inputClass="pin-input"
              />
            </>
          )}
          {refused && <Notice tone="bad">{refusals[refused]}</Notice>}
          <Button type="submit" look="primary" wide busy={joining}>
            {joining ? text.join.joining : text.join.action}
          </Button>
          <span className="hidden-text" role="status">
            {joining ? text.join.joining : ""}
          </span>
          <EncryptedLine>{text.join.encrypted}</EncryptedLine>
          {!user && (
            <p className="quiet">
              {text.join.haveAccount} <a href={signInAddress(location.pathname)}>{text.join.signIn}</a>
            </p>
          )}
        </form>
      </div>
    </Page>
  );
}

export default function Join() {
  const { id = "" } = useParams();
  const navigate = useNavigate();
  const { session } = useSession();
  const [key] = useState(() => meetingKey(id));
  const [call, setCall] = useState<CallSession>();
  const [stopped, setStopped] = useState<Why | "lost">();
  const joinable = useQuery({ queryKey: ["joinable", id], queryFn: () => portal.joinable(id), staleTime: 30_000 });

  useEffect(() => {
    if (!call) return;
    const look = () => {
      const { phase, ended } = call.state();
      if (phase === "unreachable") setStopped("network");
      if (phase !== "ended" || !ended) return;
      if (ended === "lost") {
        setStopped("lost");
        return;
      }
      forgetLinkKey(id);
      void navigate("/ended", { replace: true, state: { reason: ended } });
    };
    look();
    return call.subscribe(look);
  }, [call, id, navigate]);

  const support = encryptionSupport();
  if (support !== "works") return <Cannot why={support === "insecure" ? "insecure" : "browser"} />;
  const again = () => {
    setCall(undefined);
    setStopped(undefined);
  };
  if (stopped === "lost") return <EndedBecause reason="lost" again={again} />;
  if (stopped) return <Cannot why={stopped} again={again} />;
  if (!key) return <Cannot why={linkWasDamaged(id) ? "badKey" : "noKey"} />;
  if (call) return <Call call={call} site={session?.site} keyMadeHere={key === organiserKey(id)} />;
  if (joinable.data?.joinable === false) return <Cannot why="over" again={() => void joinable.refetch()} />;
  if (joinable.isError) {
    const known = joinable.error instanceof PortalError && joinable.error.status === 404;
    return <Cannot why={known ? "over" : "unreachable"} />;
  }
  if (!session || !joinable.data) return <Loading />;
  return <Before id={id} meetingKey={key} onCall={setCall} onRefused={setStopped} />;
}
