import { useQuery } from "@tanstack/react-query";
import { CalendarPlus, Hourglass, KeyRound, UsersRound, Zap } from "lucide-react";
import { useEffect } from "react";
import { endOf, type Meeting, portal } from "../api/portal";
import { Button, ButtonLink } from "../components/Button";
import { LevelBadge } from "../components/LevelBadge";
import { Notice } from "../components/Notice";
import { Page } from "../components/Page";
import { useTold } from "../components/useTold";
import { dateOrganiserKey, linkVersion, meetingKey } from "../e2ee/keyStore";
import { useText } from "../i18n";
import { errorText } from "../i18n/errorText";
import { type Day, dayOf, useTime } from "../i18n/time";
import { useSession } from "../session";
import { useStartNow } from "./useStartNow";

const DAYS: readonly Day[] = ["today", "later", "earlier"];

/** One may be there before the others. */
const EARLY_MS = 15 * 60_000;

function isRunning(meeting: Meeting, now: Date): boolean {
  return new Date(meeting.starts_at) <= now && now < endOf(meeting);
}

function MeetingRow({ meeting, now }: { meeting: Meeting; now: Date }) {
  const text = useText();
  const time = useTime();
  const starts = new Date(meeting.starts_at);
  const running =
    isRunning(meeting, now) ||
    isRunning(meeting, new Date(now.getTime() + EARLY_MS)) ||
    meeting.participants > 0 ||
    meeting.waiting > 0;
  const { id, link_version: newest } = meeting;
  const hasKey = meetingKey(id, newest) !== undefined && linkVersion(id, newest) === newest;
  return (
    <li className={running ? "meeting-row running" : "meeting-row"}>
      <div className="meeting-time numbers">
        {time.clock(starts)}
        <small>
          {dayOf(starts, now) === "today" ? text.meetings.minutes(meeting.duration_minutes) : time.day(starts)}
        </small>
      </div>
      <div className="stack-small">
        <h3 className="meeting-title">{meeting.title}</h3>
        <div className="meeting-facts">
          {meeting.participants > 0 && (
            <span className="fact live">
              <UsersRound size={16} aria-hidden="true" />
              {text.meetings.present(meeting.participants)}
            </span>
          )}
          {meeting.waiting > 0 && (
            <span className="fact warn">
              <Hourglass size={16} aria-hidden="true" />
              {text.meetings.waiting(meeting.waiting)}
            </span>
          )}
          <LevelBadge level={meeting.level} />
          <span>{meeting.mine ? text.meetings.mine : text.meetings.by(meeting.organiser)}</span>
          {!hasKey && (
            <span className="fact warn">
              <KeyRound size={16} aria-hidden="true" />
              {text.meetings.noKey}
            </span>
          )}
        </div>
      </div>
      {running && hasKey ? (
        <ButtonLink to={`/m/${meeting.id}`} look="primary" aria-label={text.meetings.joinNamed(meeting.title)}>
          {text.meetings.join}
        </ButtonLink>
      ) : (
        <ButtonLink to={`/meetings/${meeting.id}`} aria-label={text.meetings.openNamed(meeting.title)}>
          {text.meetings.open}
        </ButtonLink>
      )}
    </li>
  );
}

function StartNow({ start }: { start: ReturnType<typeof useStartNow> }) {
  const { meetings } = useText();
  return (
    <Button busy={start.busy} onPress={() => void start.start()}>
      <Zap size={20} aria-hidden="true" />
      {start.busy ? meetings.starting : meetings.startNow}
    </Button>
  );
}

export function MyMeetings() {
  const text = useText();
  const meetings = useQuery({ queryKey: ["meetings"], queryFn: portal.meetings, refetchInterval: 15_000 });
  const mayPlan = useSession().session?.user?.may_plan ?? false;
  const changed = useTold("changed");
  useEffect(() => {
    // Keys of an earlier release came without a date.
    for (const meeting of meetings.data ?? []) dateOrganiserKey(meeting.id, endOf(meeting));
  }, [meetings.data]);
  const start = useStartNow();
  const now = new Date();
  const sorted = [...(meetings.data ?? [])].sort((a, b) => a.starts_at.localeCompare(b.starts_at));
  return (
    <Page title={text.meetings.title}>
      <div className="title-row">
        <h1>{text.meetings.title}</h1>
        {mayPlan && sorted.length > 0 && (
          <div className="actions">
            <StartNow start={start} />
            <ButtonLink to="/plan" look="primary">
              <CalendarPlus size={20} aria-hidden="true" />
              {text.app.plan}
            </ButtonLink>
          </div>
        )}
      </div>
      {start.error !== undefined && <Notice tone="bad">{errorText(text, start.error)}</Notice>}
      {(changed === "password" || changed === "authenticator") && <Notice>{text.meetings.changed[changed]}</Notice>}
      {meetings.isError && !meetings.data && (
        <Notice tone="bad" title={text.errorTitle}>
          <p>{errorText(text, meetings.error)}</p>
          <Button look="plain" onPress={() => void meetings.refetch()}>
            {text.app.retry}
          </Button>
        </Notice>
      )}
      {meetings.isPending && (
        <div className="stack-small" role="status">
          <span className="hidden-text">{text.app.loading}</span>
          <div className="skeleton" />
          <div className="skeleton" />
        </div>
      )}
      {meetings.data?.length === 0 && (
        <div className="empty">
          <h2>{text.meetings.emptyTitle}</h2>
          <p>{mayPlan ? text.meetings.empty : text.meetings.emptyInvited}</p>
          {mayPlan && (
            <div className="actions">
              <StartNow start={start} />
              <ButtonLink to="/plan" look="primary">
                <CalendarPlus size={20} aria-hidden="true" />
                {text.app.plan}
              </ButtonLink>
            </div>
          )}
        </div>
      )}
      {DAYS.map((day) => {
        const ofDay = sorted.filter((meeting) => {
          const itsDay = dayOf(new Date(meeting.starts_at), now);
          // What still runs belongs to today, also past midnight.
          return (itsDay === "earlier" && isRunning(meeting, now) ? "today" : itsDay) === day;
        });
        return (
          ofDay.length > 0 && (
            <section className="meeting-day" key={day}>
              <h2>{text.meetings[day]}</h2>
              <ul className="meeting-rows">
                {ofDay.map((meeting) => (
                  <MeetingRow key={meeting.id} meeting={meeting} now={now} />
                ))}
              </ul>
            </section>
          )
        );
      })}
    </Page>
  );
}
