import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Trash2, Video } from "lucide-react";
import { useState } from "react";
import { Dialog, DialogTrigger, Heading, Modal, ModalOverlay, Switch } from "react-aria-components";
import { useNavigate, useParams } from "react-router";
import { endOf, type Meeting, PortalError, portal } from "../api/portal";
import { Button, ButtonLink } from "../components/Button";
import { CopyLink } from "../components/CopyLink";
import { EncryptionNote } from "../components/EncryptionNote";
import { LevelBadge } from "../components/LevelBadge";
import { Loading } from "../components/Loading";
import { Notice } from "../components/Notice";
import { Page } from "../components/Page";
import { PinReveal } from "../components/PinReveal";
import { forgetKey, linkHasForeignKey, linkVersion, meetingKey } from "../e2ee/keyStore";
import { meetingLink } from "../e2ee/meetingKey";
import { useText } from "../i18n";
import { errorText } from "../i18n/errorText";
import { useTime } from "../i18n/time";
import { CopyInvitation } from "./CopyInvitation";
import { ErrorPage } from "./ErrorPage";
import { ExpectedPeople } from "./ExpectedPeople";
import { NewLink } from "./NewLink";

/** A meeting and those of its series that follow it. */
async function repetitionsFrom({ id, series, starts_at }: Meeting): Promise<string[]> {
  const later = (await portal.meetings()).filter((one) => one.series === series && one.starts_at > starts_at);
  return [id, ...later.map((one) => one.id)];
}

function RemoveMeeting({ meeting }: { meeting: Meeting }) {
  const text = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [error, setError] = useState<unknown>();
  const [following, setFollowing] = useState(false);
  const remove = async () => {
    try {
      const gone = following ? await repetitionsFrom(meeting) : [meeting.id];
      await portal.remove(meeting.id, following);
      for (const id of gone) forgetKey(id);
      await queries.invalidateQueries({ queryKey: ["meetings"] });
      await navigate("/", { replace: true });
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <DialogTrigger>
      <Button look="plain warn">
        <Trash2 size={18} aria-hidden="true" />
        {text.meeting.remove}
      </Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="dialog">
          <Dialog className="dialog-body" role="alertdialog">
            {({ close }) => (
              <>
                <Heading slot="title">{text.meeting.removeTitle}</Heading>
                {meeting.participants > 0 && (
                  <Notice tone="warn">{text.meeting.removePresent(meeting.participants)}</Notice>
                )}
                <p>{text.meeting.removeText}</p>
                {meeting.series && (
                  <Switch className="switch" isSelected={following} onChange={setFollowing}>
                    <span className="switch-track" aria-hidden="true" />
                    <span>{text.people.removeFollowing}</span>
                  </Switch>
                )}
                {error !== undefined && <Notice tone="bad">{errorText(text, error)}</Notice>}
                <div className="dialog-actions">
                  <Button onPress={close} autoFocus>
                    {text.app.cancel}
                  </Button>
                  <Button look="danger" onPress={() => void remove()}>
                    {text.meeting.removeConfirm}
                  </Button>
                </div>
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}

function MeetingDetails({ meeting }: { meeting: Meeting }) {
  const text = useText();
  const time = useTime();
  const kept = meetingKey(meeting.id, meeting.link_version);
  const outOfDate = kept !== undefined && linkVersion(meeting.id, meeting.link_version) !== meeting.link_version;
  const foreign = linkHasForeignKey(meeting.id, meeting.link_version);
  const key = outOfDate ? undefined : kept;
  const leads = meeting.role !== "participant";
  const starts = new Date(meeting.starts_at);
  const link = key ? meetingLink(location.origin, meeting.id, key, { version: meeting.link_version }) : "";
  return (
    <Page title={text.meeting.title}>
      <div className="title-row">
        <h1>{meeting.title}</h1>
        {key && (
          <ButtonLink to={`/m/${meeting.id}`} look="primary">
            <Video size={20} aria-hidden="true" />
            {meeting.mine && meeting.participants === 0 ? text.meeting.start : text.meeting.join}
          </ButtonLink>
        )}
      </div>
      <div className="split">
        <section className="card">
          {key ? (
            <>
              <h2>{text.meeting.inviteTitle}</h2>
              {foreign && (
                <Notice tone="warn">{foreign === "own" ? text.meeting.foreignKey : text.people.linkReplaces}</Notice>
              )}
              <CopyLink link={link} />
              <CopyInvitation meeting={meeting} link={link} />
            </>
          ) : (
            <>
              <Notice tone="warn" title={outOfDate ? text.people.oldKeyTitle : text.meeting.noKeyTitle}>
                {outOfDate
                  ? meeting.mine
                    ? text.people.oldKeyMine
                    : text.people.oldKeyOther
                  : meeting.mine
                    ? text.meeting.noKeyMine
                    : text.meeting.noKeyOther}
              </Notice>
              {meeting.mine && (
                <>
                  <p>{text.people.newLinkHere}</p>
                  <NewLink meeting={meeting} look="primary" />
                </>
              )}
            </>
          )}
          {meeting.mine && (
            <>
              <hr className="divider" />
              <PinReveal id={meeting.id} />
            </>
          )}
        </section>
        <section className="card">
          <dl className="facts">
            <div>
              <dt>{text.meeting.when}</dt>
              <dd>{time.longDay(starts)}</dd>
              <dd className="quiet">{time.zone(starts)}</dd>
              <dd className="numbers">
                {time.clock(starts)}–{time.clock(endOf(meeting))}
              </dd>
              {meeting.series && <dd className="quiet">{text.people.ofSeries}</dd>}
            </div>
            <div>
              <dt>{text.meeting.organiser}</dt>
              <dd>{meeting.organiser}</dd>
            </div>
            <div>
              <dt>{text.level.label}</dt>
              <dd>
                <LevelBadge level={meeting.level} />
              </dd>
              {meeting.locked && <dd className="quiet">{text.meeting.locked}</dd>}
            </div>
            <div>
              <dt>{text.meeting.people}</dt>
              <dd>{meeting.participants > 0 ? text.meetings.present(meeting.participants) : text.meeting.nobody}</dd>
              {meeting.waiting > 0 && <dd className="fact warn">{text.meetings.waiting(meeting.waiting)}</dd>}
            </div>
          </dl>
          <EncryptionNote>{text.meeting.encrypted}</EncryptionNote>
          {meeting.mine && (
            <div className="actions">
              <ButtonLink to={`/meetings/${meeting.id}/change`} look="plain">
                <Pencil size={18} aria-hidden="true" />
                {text.meeting.change}
              </ButtonLink>
              {key && <NewLink meeting={meeting} />}
              <RemoveMeeting meeting={meeting} />
            </div>
          )}
        </section>
        {leads && <ExpectedPeople meeting={meeting} meetingKey={key} />}
      </div>
    </Page>
  );
}

export function MeetingPage() {
  const { id = "" } = useParams();
  const meeting = useQuery({
    queryKey: ["meetings", id],
    queryFn: () => portal.meeting(id),
    refetchInterval: 10_000,
  });
  if (meeting.data) return <MeetingDetails meeting={meeting.data} />;
  if (meeting.error instanceof PortalError && [403, 404].includes(meeting.error.status))
    return <ErrorPage reason="notFound" />;
  if (meeting.isError) return <ErrorPage reason="unreachable" />;
  return <Loading />;
}
