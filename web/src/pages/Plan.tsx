import {
  type CalendarDate,
  getLocalTimeZone,
  now,
  parseAbsoluteToLocal,
  parseDate,
  parseTime,
  type Time,
  toCalendarDate,
  toCalendarDateTime,
  toTime,
  toZoned,
  type ZonedDateTime,
} from "@internationalized/date";
import { useQueryClient } from "@tanstack/react-query";
import { KeyRound, ShieldCheck, UserRoundPlus } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Switch } from "react-aria-components";
import { useNavigate } from "react-router";
import { type Change, type ExpectedPerson, endOf, type Meeting, portal, type Plan as Wishes } from "../api/portal";
import { Button, ButtonLink } from "../components/Button";
import { Field, SelectField } from "../components/Field";
import { Notice } from "../components/Notice";
import { Page } from "../components/Page";
import { useInvalidFocus } from "../components/useInvalidFocus";
import { dateOrganiserKey, keepOrganiserKey } from "../e2ee/keyStore";
import { newMeetingKey } from "../e2ee/meetingKey";
import { useText } from "../i18n";
import { errorText, fieldText } from "../i18n/errorText";
import { useTime } from "../i18n/time";
import { levelNamed, useLevels } from "../levels";
import { sessionQuery, useRecheckSession } from "../session";
import { ExpectedFields } from "./ExpectedFields";
import { LevelPicker } from "./LevelPicker";
import { keepDraft, type PlanDraft, takeDraft } from "./planDraft";
import { type Repeat, RepeatFields } from "./RepeatFields";
import { repetitions } from "./repetition";
import { StartPicker } from "./StartPicker";

const LENGTHS = [15, 30, 45, 60, 90, 120, 180, 240, 480];
/** As the portal limits it. */
const MAX_TITLE = 120;
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

/** Keeps what was typed when the session has ended: the sign-in page takes the place of this one. */
function useKeptDraft(draft: PlanDraft): void {
  const queries = useQueryClient();
  const latest = useRef(draft);
  latest.current = draft;
  useEffect(
    () => () => {
      if (queries.getQueryData(sessionQuery.queryKey)?.authenticated === false) keepDraft(latest.current);
    },
    [queries],
  );
}

/** How a planned meeting stands in the form. */
function draftOf(meeting: Meeting): PlanDraft {
  const starts = parseAbsoluteToLocal(new Date(meeting.starts_at).toISOString());
  return {
    title: meeting.title,
    day: String(toCalendarDate(starts)),
    time: String(toTime(starts)),
    minutes: meeting.duration_minutes,
    level: meeting.level,
    waitingRoom: meeting.waiting_room,
    floorWaits: meeting.floor_waits,
  };
}

async function changed(id: string, wishes: Change): Promise<string> {
  dateOrganiserKey(id, endOf(await portal.change(id, wishes)));
  return id;
}

/** Each repetition has a key of its own. */
async function planned(wishes: Wishes): Promise<string> {
  const first = await portal.plan(wishes);
  const { duration_minutes } = first;
  for (const { id, starts_at } of [first, ...(first.repetitions ?? [])])
    keepOrganiserKey(id, newMeetingKey(), endOf({ starts_at, duration_minutes }));
  return first.id;
}

function newOnly(starts: ZonedDateTime, { every, until }: Repeat, expected: ExpectedPerson[]): Partial<Wishes> {
  const times = every === "never" || !until ? [] : repetitions(starts, every, until);
  return {
    ...(times.length > 0 ? { also_at: times.map((time) => time.toAbsoluteString()) } : {}),
    ...(expected.length > 0 ? { expected } : {}),
  };
}

/** Plans a meeting, or changes a planned one. */
export function MeetingForm({ meeting }: { meeting?: Meeting }) {
  const text = useText();
  const clock = useTime();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const recheckSession = useRecheckSession();
  const [draft] = useState(() => takeDraft() ?? (meeting && draftOf(meeting)));
  const [title, setTitle] = useState(draft?.title ?? "");
  const [day, setDay] = useState<CalendarDate | null>(() =>
    draft?.day ? parseDate(draft.day) : toCalendarDate(nextQuarter()),
  );
  const [time, setTime] = useState<Time | null>(() => (draft?.time ? parseTime(draft.time) : toTime(nextQuarter())));
  const [minutes, setMinutes] = useState(draft?.minutes ?? 60);
  const [level, setLevel] = useState(draft?.level);
  const [waitingRoom, setWaitingRoom] = useState(draft?.waitingRoom ?? false);
  const [expected, setExpected] = useState(draft?.expected ?? []);
  const [floorWaits, setFloorWaits] = useState(draft?.floorWaits ?? false);
  const [repeat, setRepeat] = useState<Repeat>({ every: "never", until: null });
  const [following, setFollowing] = useState(false);
  const levels = useLevels();
  const [submitted, setSubmitted] = useState(0);
  /** A part of the date or time is empty: the picker then still holds what was there before. */
  const [incomplete, setIncomplete] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>();

  useInvalidFocus(form, submitted, error);
  useKeptDraft({
    title,
    day: String(day ?? ""),
    time: String(time ?? ""),
    minutes,
    level,
    waitingRoom,
    expected,
    floorWaits,
  });

  const zone = getLocalTimeZone();
  const starts = day && time ? toZoned(toCalendarDateTime(day, time), zone) : undefined;
  const untitled = title.trim() === "";
  const titleTooLong = [...title.trim()].length > MAX_TITLE;
  const past = starts !== undefined && starts.toDate().getTime() + minutes * 60_000 < Date.now();

  const plan = async (event: FormEvent) => {
    event.preventDefault();
    setSubmitted((times) => times + 1);
    const missing = starts === undefined || form.current?.querySelector("[data-placeholder]") !== null;
    setIncomplete(missing);
    const endless = repeat.every !== "never" && !repeat.until;
    if (untitled || titleTooLong || missing || past || endless || saving) return;
    setSaving(true);
    setError(undefined);
    try {
      const wishes = {
        title: title.trim(),
        starts_at: starts.toAbsoluteString(),
        duration_minutes: minutes,
        ...(level === undefined || level === meeting?.level ? {} : { level }),
        // Elsewhere it is the level's, and not a wish.
        ...(levelNamed(levels, level ?? levels?.default ?? "")?.rules.waiting_room === "optional"
          ? { waiting_room: waitingRoom }
          : {}),
        ...(floorWaits === (meeting?.floor_waits ?? false) ? {} : { floor_waits: floorWaits }),
      };
      const id = meeting
        ? await changed(meeting.id, { ...wishes, ...(following ? { following } : {}) })
        : await planned({ ...wishes, ...newOnly(starts, repeat, expected) });
      await queries.invalidateQueries({ queryKey: ["meetings"] });
      await navigate(`/meetings/${id}`, { replace: true });
    } catch (problem) {
      recheckSession(problem);
      setError(problem);
      setSaving(false);
    }
  };

  const heading = meeting ? text.plan.change : text.plan.title;
  return (
    <Page title={heading}>
      <div className="title-row">
        <h1>{heading}</h1>
      </div>
      <div className="split">
        <form className="card" onSubmit={(event) => void plan(event)} noValidate ref={form}>
          <Field
            label={text.plan.what}
            hint={text.plan.whatHint}
            error={
              submitted > 0 && untitled
                ? text.plan.whatMissing
                : titleTooLong
                  ? text.fieldErrors.too_long(String(MAX_TITLE))
                  : fieldText(text, error, "title")
            }
            value={title}
            onChange={setTitle}
            autoComplete="off"
            autoFocus
          />
          <StartPicker
            day={day}
            time={time}
            onDay={(value) => {
              setDay(value);
              setIncomplete(false);
            }}
            onTime={(value) => {
              setTime(value);
              setIncomplete(false);
            }}
            hint={text.plan.zone(clock.zone(starts?.toDate() ?? new Date()))}
            error={
              incomplete || (submitted > 0 && !starts)
                ? text.plan.whenMissing
                : submitted > 0 && past
                  ? text.plan.whenPast
                  : fieldText(text, error, "starts_at")
            }
          />
          <SelectField
            label={text.plan.length}
            choices={[...new Set([...LENGTHS, minutes])]
              .sort((a, b) => a - b)
              .map((length) => ({ id: String(length), label: text.plan.lengthMinutes(length) }))}
            value={String(minutes)}
            onChange={(id) => setMinutes(Number(id))}
          />
          {!meeting && <RepeatFields first={starts} repeat={repeat} onChange={setRepeat} submitted={submitted > 0} />}
          <LevelPicker
            value={level}
            onChange={setLevel}
            waitingRoom={waitingRoom}
            onWaitingRoom={setWaitingRoom}
            planned={meeting?.level}
          />
          {!meeting && <ExpectedFields people={expected} onChange={setExpected} />}
          <Switch className="switch" isSelected={floorWaits} onChange={setFloorWaits}>
            <span className="switch-track" aria-hidden="true" />
            <span>
              {text.people.floorWaits}
              <span className="field-hint">{text.people.floorWaitsHint}</span>
            </span>
          </Switch>
          {meeting?.series && (
            <Switch className="switch" isSelected={following} onChange={setFollowing}>
              <span className="switch-track" aria-hidden="true" />
              <span>
                {text.people.following}
                <span className="field-hint">{text.people.followingHint}</span>
              </span>
            </Switch>
          )}
          {error !== undefined && (
            <Notice tone="bad" title={text.errorTitle}>
              {errorText(text, error)}
            </Notice>
          )}
          <div className="actions">
            <Button type="submit" look="primary" busy={saving}>
              {meeting
                ? saving
                  ? text.plan.changing
                  : text.plan.changeAction
                : saving
                  ? text.plan.saving
                  : text.plan.action}
            </Button>
            <ButtonLink to={meeting ? `/meetings/${meeting.id}` : "/"} look="plain">
              {text.app.cancel}
            </ButtonLink>
          </div>
        </form>
        <Protection />
      </div>
    </Page>
  );
}

export default function Plan() {
  return <MeetingForm />;
}
