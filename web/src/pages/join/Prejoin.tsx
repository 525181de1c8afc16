import { type FormEvent, useState } from "react";
import { type Credentials, type PortalError, type Session, signInAddress } from "../../api/portal";
import { Button } from "../../components/Button";
import { EncryptionNote } from "../../components/EncryptionNote";
import { Field } from "../../components/Field";
import { Notice } from "../../components/Notice";
import { Page } from "../../components/Page";
import { DeviceCheck } from "../../devices/DeviceCheck";
import { type Devices, useDevices } from "../../devices/useDevices";
import { linkHasForeignKey, linkSentKey } from "../../e2ee/keyStore";
import { useText } from "../../i18n";
import { errorText, fieldText } from "../../i18n/errorText";

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
        maxLength={60}
        autoComplete="name"
      />
      <Field
        label={join.pin}
        hint={join.pinHint}
        error={errors.pin}
        value={entry.pin}
        onChange={(pin) => onChange({ ...entry, pin })}
        maxLength={9}
        inputMode="numeric"
        autoComplete="off"
        inputClass="pin-input"
      />
    </>
  );
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
  /** Why the portal refused the last try. */
  error: PortalError | undefined;
  onJoin: (credentials: Credentials | undefined, devices: Devices) => void;
}

/** Device check and, for guests, name and PIN: one page, one button. */
export function Prejoin({ id, user, joining, error, onJoin }: PrejoinProps) {
  const text = useText();
  const devices = useDevices();
  const [entry, setEntry] = useState<GuestEntry>({ name: "", pin: "" });
  const [submitted, setSubmitted] = useState(false);
  const digits = entry.pin.replace(/\s/g, "");
  const nameMissing = entry.name.trim() === "";
  const pinIncomplete = !/^\d{8}$/.test(digits);
  const errors = {
    name: submitted && nameMissing ? text.join.nameMissing : fieldText(text, error, "display_name"),
    pin: submitted && pinIncomplete ? text.join.pinIncomplete : fieldText(text, error, "pin"),
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (user) onJoin(undefined, devices);
    else if (!nameMissing && !pinIncomplete) onJoin({ display_name: entry.name.trim(), pin: digits }, devices);
  };

  return (
    <Page title={text.join.title}>
      <div className="join">
        <DeviceCheck devices={devices} joining={joining} />
        <form className="card join-form" onSubmit={submit} noValidate>
          <h1>{user ? text.join.title : text.join.guestTitle}</h1>
          <LinkNotices id={id} />
          {user ? <p>{text.join.as(user.name)}</p> : <GuestFields entry={entry} onChange={setEntry} errors={errors} />}
          {error && <Notice tone="bad">{errorText(text, error)}</Notice>}
          <Button type="submit" look="primary" wide busy={joining}>
            {joining ? text.join.joining : text.join.action}
          </Button>
          <span className="hidden-text" role="status">
            {joining ? text.join.joining : ""}
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
