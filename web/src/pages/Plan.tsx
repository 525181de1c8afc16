import {
  getLocalTimeZone,
  now,
  parseAbsoluteToLocal,
  toCalendarDate,
  toCalendarDateTime,
  toTime,
  toZoned,
} from "@internationalized/date";
import { useQueryClient } from "@tanstack/react-query";
import { KeyRound, ShieldCheck, UserRoundPlus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import { portal } from "../api/portal";
import { Button, ButtonLink } from "../components/Button";
import { Field, SelectField } from "../components/Field";
import { Notice } from "../components/Notice";
import { Page } from "../components/Page";
import { keepOrganiserKey } from "../e2ee/keyStore";
import { newMeetingKey } from "../e2ee/meetingKey";
import { useText } from "../i18n";
import { errorText, fieldText } from "../i18n/errorText";
import { useRecheckSession } from "../session";
import { StartPicker } from "./StartPicker";

const LENGTHS = [15, 30, 45, 60, 90, 120, 180, 240, 480];
const QUARTER_MS = 15 * 60_000;

const nextQuarter = () =>
  parseAbsoluteToLocal(new Date(Math.ceil(now("UTC").toDate().getTime() / QUARTER_MS) * QUARTER_MS).toISOString());

function Protection() {
  const { plan } = useText();
  return (
    <section className="card">
      <h2>{plan.protection}</h2>
      <ul className="reasons">
        <li>
          <ShieldCheck size={20} aria-hidden="true" />
          {plan.protectionEncrypted}
        </li>
        <li>
          <KeyRound size={20} aria-hidden="true" />
          {plan.protectionKey}
        </li>
        <li>
          <UserRoundPlus size={20} aria-hidden="true" />
          {plan.protectionGuests}
        </li>
      </ul>
    </section>
  );
}

export default function Plan() {
  const text = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const recheckSession = useRecheckSession();
  const [title, setTitle] = useState("");
  const [day, setDay] = useState(() => toCalendarDate(nextQuarter()));
  const [time, setTime] = useState(() => toTime(nextQuarter()));
  const [minutes, setMinutes] = useState(60);
  const [submitted, setSubmitted] = useState(false);
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>();

  const starts = toZoned(toCalendarDateTime(day, time), getLocalTimeZone());
  const untitled = title.trim() === "";
  const past = starts.toDate().getTime() + minutes * 60_000 < Date.now();

  const plan = async (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (untitled || past || saving) return;
    setSaving(true);
    setError(undefined);
    try {
      const meeting = await portal.plan({
        title: title.trim(),
        starts_at: starts.toAbsoluteString(),
        duration_minutes: minutes,
      });
      keepOrganiserKey(meeting.id, newMeetingKey());
      await queries.invalidateQueries({ queryKey: ["meetings"] });
      await navigate(`/meetings/${meeting.id}`, { replace: true });
    } catch (problem) {
      recheckSession(problem);
      setError(problem);
      setSaving(false);
    }
  };

  return (
    <Page title={text.plan.title}>
      <div className="title-row">
        <h1>{text.plan.title}</h1>
      </div>
      <div className="split">
        <form className="card" onSubmit={(event) => void plan(event)} noValidate>
          <Field
            label={text.plan.what}
            hint={text.plan.whatHint}
            error={submitted && untitled ? text.plan.whatMissing : fieldText(text, error, "title")}
            value={title}
            onChange={setTitle}
            maxLength={120}
            autoComplete="off"
            autoFocus
          />
          <StartPicker
            day={day}
            time={time}
            onDay={setDay}
            onTime={setTime}
            error={submitted && past ? text.plan.whenPast : fieldText(text, error, "starts_at")}
          />
          <SelectField
            label={text.plan.length}
            choices={LENGTHS.map((length) => ({ id: String(length), label: text.plan.lengthMinutes(length) }))}
            value={String(minutes)}
            onChange={(id) => setMinutes(Number(id))}
          />
          {error !== undefined && (
            <Notice tone="bad" title={text.errorTitle}>
              {errorText(text, error)}
            </Notice>
          )}
          <div className="actions">
            <Button type="submit" look="primary" busy={saving}>
              {saving ? text.plan.saving : text.plan.action}
            </Button>
            <ButtonLink to="/" look="plain">
              {text.app.cancel}
            </ButtonLink>
          </div>
        </form>
        <Protection />
      </div>
    </Page>
  );
}
