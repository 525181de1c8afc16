import { type FormEvent, useEffect, useRef, useState } from "react";
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
import { linkHasForeignKey, linkSentKey } from "../../e2ee/keyStore";
import { useText } from "../../i18n";
import { errorText, fieldText } from "../../i18n/errorText";
import { lastLeft } from "./lastLeft";

interface GuestEntry {
  name: string;
  pin: string;
}

function GuestFields({
  entry,
  onChange,
  errors,
}: {
  entry: GuestEntry;
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

/** What is wrong with the link's key although the meeting can be joined. */
function LinkNotices({ id }: { id: string }) {
  const { join } = useText();
  return (
    <>
      {linkHasForeignKey(id) && <Notice tone="warn">{join.linkHasForeignKey}</Notice>}
      {linkSentKey(id) && <Notice tone="warn">{join.linkSentKey}</Notice>}
    </>
  );
}

interface PrejoinProps {
  id: string;
  user: Session["user"];
  joining: boolean;
  /** What does not answer while joining. */
  away: PortalError | undefined;
  /** Why the portal refused the last try. */
  error: PortalError | undefined;
  onJoin: (credentials: Credentials | undefined, devices: Devices) => void;
}

/** Device check and, for guests, name and PIN: one page, one button. */
export function Prejoin({ id, user, joining, away, error, onJoin }: PrejoinProps) {
  const text = useText();
  const devices = useDevices();
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
  const pinIncomplete = !/^\d{8}$/.test(digits);
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
    if (user) return onJoin(undefined, devices);
    if (nameMissing || nameTooLong || pinIncomplete) return;
    rememberChoices({ name });
    onJoin({ display_name: name, pin: digits }, devices);
  };

  return (
    <Page title={text.join.title}>
      <div className="join">
        <DeviceCheck devices={devices} joining={joining} />
        <form className="card join-form" onSubmit={submit} noValidate ref={form}>
          <h1>{user ? text.join.title : text.join.guestTitle}</h1>
          <LinkNotices id={id} />
          {alreadyIn && <Notice tone="warn">{text.join.alreadyIn}</Notice>}
          {user ? <p>{text.join.as(user.name)}</p> : <GuestFields entry={entry} onChange={setEntry} errors={errors} />}
          {error && <Notice tone="bad">{errorText(text, error)}</Notice>}
          {waiting && <Notice tone="warn">{waiting}</Notice>}
          <Button type="submit" look="primary" wide busy={joining}>
            {joining ? text.join.joining : text.join.action}
          </Button>
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
      </div>
    </Page>
  );
}
