import {
  getLocalTimeZone,
  now,
  parseAbsoluteToLocal,
  toCalendarDate,
  toCalendarDateTime,
  today,
  toTime,
  toZoned,
} from "@internationalized/date";
import { useQueryClient } from "@tanstack/react-query";
import { CalendarDays, ChevronLeft, ChevronRight, KeyRound, ShieldCheck, UserRoundPlus } from "lucide-react";
import { type FormEvent, useState } from "react";
import {
  Button as AriaButton,
  Calendar,
  CalendarCell,
  CalendarGrid,
  CalendarGridBody,
  CalendarGridHeader,
  CalendarHeaderCell,
  DateInput,
  DatePicker,
  DateSegment,
  Dialog,
  FieldError,
  Group,
  Heading,
  Label,
  Popover,
  TimeField,
} from "react-aria-components";
import { useNavigate } from "react-router";
import { portal } from "../api/portal";
import { Button, ButtonLink } from "../components/Button";
import { Choose, Field } from "../components/Field";
import { Notice } from "../components/Notice";
import { Page } from "../components/Page";
import { keepOrganiserKey } from "../e2ee/keyStore";
import { newMeetingKey } from "../e2ee/meetingKey";
import { useText } from "../i18n";
import { useAskSession } from "../session";

const LENGTHS = [15, 30, 45, 60, 90, 120, 180, 240, 480];
const QUARTER_MS = 15 * 60_000;

const nextQuarter = () =>
  parseAbsoluteToLocal(new Date(Math.ceil(now("UTC").toDate().getTime() / QUARTER_MS) * QUARTER_MS).toISOString());

export default function Plan() {
  const text = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const askSession = useAskSession();
  const [title, setTitle] = useState("");
  const [day, setDay] = useState(() => toCalendarDate(nextQuarter()));
  const [time, setTime] = useState(() => toTime(nextQuarter()));
  const [minutes, setMinutes] = useState(60);
  const [tried, setTried] = useState(false);
  const [saving, setSaving] = useState(false);
  const [failed, setFailed] = useState(false);

  const starts = toZoned(toCalendarDateTime(day, time), getLocalTimeZone());
  const past = starts.toDate().getTime() + minutes * 60_000 < Date.now();
  const titleError = tried && title.trim() === "" ? text.plan.whatMissing : undefined;
  const timeError = tried && past ? text.plan.whenPast : undefined;

  const plan = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (title.trim() === "" || past || saving) return;
    setSaving(true);
    setFailed(false);
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
      askSession(problem);
      setFailed(true);
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
            error={titleError}
            value={title}
            onChange={setTitle}
            maxLength={120}
            autoComplete="off"
            autoFocus
          />
          <div className="pair">
            <DatePicker
              className="field"
              value={day}
              onChange={(value) => value && setDay(value)}
              minValue={today(getLocalTimeZone())}
              isInvalid={timeError !== undefined}
            >
              <Label className="field-label">{text.plan.day}</Label>
              <Group className="date-group">
                <DateInput className="date-input">
                  {(segment) => <DateSegment className="date-segment" segment={segment} />}
                </DateInput>
                <AriaButton className="button icon">
                  <CalendarDays size={20} aria-hidden="true" />
                </AriaButton>
              </Group>
              <FieldError className="field-error">{timeError}</FieldError>
              <Popover className="popover">
                <Dialog>
                  <Calendar className="calendar">
                    <div className="calendar-head">
                      <AriaButton slot="previous" className="button plain icon">
                        <ChevronLeft size={20} aria-hidden="true" />
                      </AriaButton>
                      <Heading />
                      <AriaButton slot="next" className="button plain icon">
                        <ChevronRight size={20} aria-hidden="true" />
                      </AriaButton>
                    </div>
                    <CalendarGrid>
                      <CalendarGridHeader>
                        {(weekday) => <CalendarHeaderCell className="calendar-weekday">{weekday}</CalendarHeaderCell>}
                      </CalendarGridHeader>
                      <CalendarGridBody>
                        {(date) => <CalendarCell className="calendar-cell" date={date} />}
                      </CalendarGridBody>
                    </CalendarGrid>
                  </Calendar>
                </Dialog>
              </Popover>
            </DatePicker>
            <TimeField
              shouldForceLeadingZeros
              className="field"
              value={time}
              onChange={(value) => value && setTime(value)}
            >
              <Label className="field-label">{text.plan.time}</Label>
              <DateInput className="date-input">
                {(segment) => <DateSegment className="date-segment" segment={segment} />}
              </DateInput>
            </TimeField>
          </div>
          <Choose
            label={text.plan.length}
            choices={LENGTHS.map((length) => ({ id: String(length), label: text.plan.lengthMinutes(length) }))}
            value={String(minutes)}
            onChange={(id) => setMinutes(Number(id))}
          />
          {failed && (
            <Notice tone="bad" title={text.problem.title}>
              {text.problem.server}
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
        <section className="card">
          <h2>{text.plan.protection}</h2>
          <ul className="reasons">
            <li>
              <ShieldCheck size={20} aria-hidden="true" />
              {text.plan.protectionEncrypted}
            </li>
            <li>
              <KeyRound size={20} aria-hidden="true" />
              {text.plan.protectionKey}
            </li>
            <li>
              <UserRoundPlus size={20} aria-hidden="true" />
              {text.plan.protectionGuests}
            </li>
          </ul>
        </section>
      </div>
    </Page>
  );
}
