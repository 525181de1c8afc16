import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Link, useLocation } from "react-router";
import { type Credentials, type PortalError, type Session, signInAddress } from "../../api/portal";
import { isPresent } from "../../call/presence";
import { Button } from "../../components/Button";
import { EncryptionNote } from "../../components/EncryptionNote";
import { Field } from "../../components/Field";
import { Notice } from "../../components/Notice";
import { Page } from "../../components/Page";
import { useInvalidFocus } from "../../components/useInvalidFocus";
import { deviceChoices, rememberChoices } from "../../devices/choices";
import { DeviceCheck } from "../../devices/DeviceCheck";
import { type Devices, useDevices } from "../../devices/useDevices";
import { linkHasForeignKey, linkSentKey, personalToken } from "../../e2ee/keyStore";
import { useText } from "../../i18n";
import { errorText, fieldText } from "../../i18n/errorText";
import type { Started } from "../useStartNow";
import { lastLeft } from "./lastLeft";
import { joinableQuery } from "./lookUp";
import type { JoinState } from "./machine";
import { WaitingCard } from "./WaitingCard";

interface GuestEntry {
  name: string;
  pin: string;
}

function GuestFields({
  entry,
  onChange,
  pinNeeded,
  errors,
}: {
  entry: GuestEntry;
  pinNeeded: boolean;
  onChange: (entry: GuestEntry) => void;
  errors: Partial<Record<keyof GuestEntry, string | undefined>>;
}) {
  const { join } = useText();
  return (
    <>
      <Field
        label={join.name}
        hint={join.nameHint}
        error={errors.name}
        value={entry.name}
        onChange={(name) => onChange({ ...entry, name })}
        autoComplete="name"
      />
      {pinNeeded && (
        <Field
          label={join.pin}
          hint={join.pinHint}
          error={errors.pin}
          value={entry.pin}
          onChange={(pin) => onChange({ ...entry, pin })}
          inputMode="numeric"
          autoComplete="off"
          inputClass="pin-input"
        />
      )}
    </>
  );
}

/** As the portal limits it. */
const MAX_NAME = 60;

/** Name and PIN with which this meeting was left, else the name of the last one. */
function firstEntry(id: string): GuestEntry {
  const left = lastLeft();
  const { display_name, pin } = (left?.id === id && left.credentials) || {};
  return { name: display_name ?? deviceChoices().name, pin: pin ?? "" };
}

/** Whether this browser is in the meeting already; asked again when somebody comes back to this tab. */
function useAlreadyIn(id: string): boolean {
  const [already, setAlready] = useState(false);
  useEffect(() => {
    let gone = false;
    const ask = () => void isPresent(id).then((present) => !gone && setAlready(present));
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      gone = true;
      document.removeEventListener("visibilitychange", ask);
    };
  }, [id]);
  return already;
}

/** For whoever has just started this meeting: where its link is. */
function StartedNotice({ id }: { id: string }) {
  const { meetings } = useText();
  const started = useLocation().state as Started | null;
  if (started?.linkCopied === undefined) return null;
  return (
    <Notice tone={started.linkCopied ? "plain" : "warn"}>
      <p>{started.linkCopied ? meetings.startedCopied : meetings.startedNotCopied}</p>
      <Link to={`/meetings/${id}`} target="_blank" rel="noopener">
        {meetings.startedPage}
      </Link>
    </Notice>
  );
}

/** What is wrong with the link's key although the meeting can be joined. */
function LinkNotices({ id, newest }: { id: string; newest: number | undefined }) {
  const { join, people } = useText();
  const foreign = linkHasForeignKey(id, newest);
  return (
    <>
      {foreign && <Notice tone="warn">{foreign === "own" ? join.linkHasForeignKey : people.linkReplaces}</Notice>}
      {linkSentKey(id) && <Notice tone="warn">{join.linkSentKey}</Notice>}
    </>
  );
}

interface FormProps {
  id: string;
  user: Session["user"];
  /** Let in before, and not yet turned away: the tab's place is enough. */
  admitted: boolean;
  joining: boolean;
  /** What does not answer while joining. */
  away: PortalError | undefined;
  /** Why the portal refused the last try. */
  error: PortalError | undefined;
  onJoin: (credentials: Credentials | undefined) => void;
}

function JoinForm({ id, user, admitted, joining, away, error, onJoin }: FormProps) {
  const text = useText();
  const [entry, setEntry] = useState(() => firstEntry(id));
  const [submitted, setSubmitted] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  useInvalidFocus(form, submitted, error);
  const alreadyIn = useAlreadyIn(id);
  const waiting = away && text.join.waiting[away.code === "media_unavailable" ? "media" : "service"];
  const digits = entry.pin.replace(/\D/g, "");
  const name = entry.name.trim();
  const nameMissing = name === "";
  const nameTooLong = [...name].length > MAX_NAME;
  const open = useQuery({ ...joinableQuery(id), staleTime: Number.POSITIVE_INFINITY }).data;
  const pinNeeded = open?.pin_needed ?? true;
  const personal = personalToken(id) !== undefined;
  const shut = !user && !admitted && !personal && (open?.personal_link_needed ?? false);
  const pinIncomplete = pinNeeded && !/^\d{8}$/.test(digits);
  const errors = {
    name:
      submitted > 0 && nameMissing
        ? text.join.nameMissing
        : nameTooLong
          ? text.fieldErrors.too_long(String(MAX_NAME))
          : fieldText(text, error, "display_name"),
    pin: submitted > 0 && pinIncomplete ? text.join.pinIncomplete : fieldText(text, error, "pin"),
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted((times) => times + 1);
    if (shut) return;
    if (user || admitted || personal) return onJoin(undefined);
    if (nameMissing || nameTooLong || pinIncomplete) return;
    rememberChoices({ name });
    onJoin(pinNeeded ? { display_name: name, pin: digits } : { display_name: name });
  };

  return (
    <form className="card join-form" onSubmit={submit} noValidate ref={form}>
      <h1>{user || admitted ? text.join.title : text.join.guestTitle}</h1>
      <StartedNotice id={id} />
      <LinkNotices id={id} newest={open?.link_version} />
      {alreadyIn && <Notice tone="warn">{admitted ? text.join.takesOver : text.join.alreadyIn}</Notice>}
      {user ? (
        <p>{text.join.as(user.name)}</p>
      ) : admitted ? (
        <p>{text.join.admitted}</p>
      ) : personal ? (
        <p>{text.people.yourLink}</p>
      ) : shut ? (
        <Notice tone="warn">{text.people.personalOnly}</Notice>
      ) : (
        <GuestFields entry={entry} pinNeeded={pinNeeded} onChange={setEntry} errors={errors} />
      )}
      {error && <Notice tone="bad">{errorText(text, error)}</Notice>}
      {waiting && <Notice tone="warn">{waiting}</Notice>}
      {!shut && (
        <Button type="submit" look="primary" wide busy={joining}>
          {joining ? text.join.joining : text.join.action}
        </Button>
      )}
      <span className="hidden-text" role="status">
        {joining ? (waiting ?? text.join.joining) : ""}
      </span>
      <EncryptionNote>{text.join.encrypted}</EncryptionNote>
      {!user && (
        <p className="quiet">
          {text.join.haveAccount} <a href={signInAddress(location.pathname)}>{text.join.signIn}</a>
        </p>
      )}
    </form>
  );
}

type Before = Extract<JoinState<never>, { name: "prejoin" | "joining" | "waiting" | "admitted" }>;

interface PrejoinProps {
  id: string;
  user: Session["user"];
  state: Before;
  onJoin: (credentials: Credentials | undefined, devices: Devices) => void;
  onGiveUp: () => void;
}

/** Device check beside the form, and then beside the waiting: one page, so that the own picture stays. */
export function Prejoin({ id, user, state, onJoin, onGiveUp }: PrejoinProps) {
  const text = useText();
  const devices = useDevices();
  useEffect(() => {
    if (state.name === "admitted") onJoin(state.credentials, devices);
  });
  const waits = state.name === "waiting";
  return (
    <Page title={waits ? text.lobby.title : text.join.title}>
      <div className="join">
        <DeviceCheck devices={devices} joining={state.name === "joining" || state.name === "admitted"} />
        {waits ? (
          <WaitingCard waiting={state.waiting} away={state.away} onGiveUp={onGiveUp} />
        ) : (
          <JoinForm
            id={id}
            user={user}
            admitted={state.name === "prejoin" && state.admitted}
            joining={state.name !== "prejoin"}
            away={state.name === "joining" ? state.away : undefined}
            error={state.name === "prejoin" ? state.error : undefined}
            onJoin={(credentials) => onJoin(credentials, devices)}
          />
        )}
      </div>
    </Page>
  );
}
