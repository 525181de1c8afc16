import { useQuery } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { type JoinAs, PortalError, portal, signInAddress } from "../api/portal";
import { CallSession } from "../call/CallSession";
import { comeBack, openAgain } from "../call/comeBack";
import type { EndReason } from "../call/model";
import type { Told } from "../call/told";
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
import { useAskSession, useHear, useSession } from "../session";
import { Cannot, type Why } from "./Cannot";
import { EndedBecause } from "./Ended";
import { Statement } from "./Statement";
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
    case "site_isolated":
      return { page: "isolated" };
    case "mode_unknown":
      return { page: "modeUnknown" };
    default:
      return { form: "server" };
  }
}

interface BeforeProps {
  id: string;
  meetingKey: MeetingKey;
  onCall: (call: CallSession, as: JoinAs | undefined) => void;
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
      const as = user ? undefined : { display_name: name.trim(), pin: digits };
      const call = new CallSession(await portal.join(id, as), devices.speaker);
      await call.join(key, devices.handOver());
      onCall(call, as);
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
        <DeviceCheck devices={devices} joining={joining} />
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

interface ComingBackProps {
  id: string;
  meetingKey: MeetingKey;
  lost: Stay;
  onCall: (call: CallSession) => void;
  onStopped: (why: Why | "lost") => void;
  onLeave: () => void;
}

/** The connection is gone for good, the ticket used up: asks for another one and goes on with what was on. */
function ComingBack({ id, meetingKey: key, lost, onCall, onStopped, onLeave }: ComingBackProps) {
  const text = useText();
  useEffect(() => {
    let wanted = true;
    const before = lost.call.before();
    const enter = async () => {
      const call = new CallSession(await portal.join(id, lost.as), before.device("audiooutput"));
      await call.join(key, await openAgain(before));
      return call.state().phase === "unreachable" ? undefined : call;
    };
    comeBack(enter, () => wanted).then(
      (call) => {
        if (wanted && call) onCall(call);
        else if (call) void call.leave();
        else if (wanted) onStopped("lost");
      },
      (problem: unknown) => {
        if (!wanted) return;
        const answer = refusalOf(problem);
        onStopped("page" in answer ? answer.page : "lost");
      },
    );
    return () => {
      wanted = false;
    };
  }, [id, key, lost, onCall, onStopped]);
  return (
    <Statement icon={WifiOff} title={text.ended.back}>
      <p className="waiting" role="status">
        <span className="spinner" aria-hidden="true" />
        {text.ended.backText}
      </p>
      <div className="actions">
        <Button onPress={onLeave}>{text.ended.backLeave}</Button>
      </div>
    </Statement>
  );
}

/** A stay in the call, and what was given to the portal for it: somebody who falls out needs it again. */
interface Stay {
  call: CallSession;
  as: JoinAs | undefined;
}

export default function Join() {
  const { id = "" } = useParams();
  const navigate = useNavigate();
  const { session } = useSession();
  const hear = useHear();
  const [key] = useState(() => meetingKey(id));
  const [stay, setStay] = useState<Stay>();
  const [lost, setLost] = useState<Stay>();
  const [stopped, setStopped] = useState<Why | "lost">();
  const joinable = useQuery({ queryKey: ["joinable", id], queryFn: () => portal.joinable(id), staleTime: 30_000 });

  const end = useCallback(
    (reason: EndReason) => {
      forgetLinkKey(id);
      void navigate("/ended", { replace: true, state: { reason } });
    },
    [id, navigate],
  );

  useEffect(() => {
    if (!stay) return;
    let heard: Told | undefined;
    const look = () => {
      const { phase, ended, told } = stay.call.state();
      if (told && told !== heard) hear(told);
      heard = told;
      if (phase === "unreachable") setStopped("network");
      if (phase !== "ended" || !ended) return;
      if (ended === "lost") {
        setLost(stay);
        setStay(undefined);
      } else end(ended);
    };
    look();
    return stay.call.subscribe(look);
  }, [stay, hear, end]);

  const cameBack = useCallback(
    (call: CallSession) => {
      setStay({ call, as: lost?.as });
      setLost(undefined);
    },
    [lost],
  );
  const stop = useCallback((why: Why | "lost") => {
    setStopped(why);
    setLost(undefined);
  }, []);

  const support = encryptionSupport();
  if (support !== "works") return <Cannot why={support === "insecure" ? "insecure" : "browser"} />;
  const again = () => {
    setStay(undefined);
    setStopped(undefined);
  };
  if (stopped === "lost") return <EndedBecause reason="lost" again={again} />;
  if (stopped) return <Cannot why={stopped} again={again} />;
  if (!key) return <Cannot why={linkWasDamaged(id) ? "badKey" : "noKey"} />;
  if (stay) return <Call call={stay.call} site={session?.site} keyMadeHere={key === organiserKey(id)} />;
  if (lost)
    return (
      <ComingBack id={id} meetingKey={key} lost={lost} onCall={cameBack} onStopped={stop} onLeave={() => end("left")} />
    );
  if (joinable.data?.joinable === false) return <Cannot why="over" again={() => void joinable.refetch()} />;
  if (joinable.isError) {
    const known = joinable.error instanceof PortalError && joinable.error.status === 404;
    return <Cannot why={known ? "over" : "unreachable"} />;
  }
  if (!session || !joinable.data) return <Loading />;
  return <Before id={id} meetingKey={key} onCall={(call, as) => setStay({ call, as })} onRefused={setStopped} />;
}
