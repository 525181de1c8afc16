import { Mic, MicOff, MonitorUp, Video, VideoOff } from "lucide-react";
import type { ReactNode } from "react";
import { Notice } from "../../components/Notice";
import { useText } from "../../i18n";
import { errorText } from "../../i18n/errorText";
import { useTime } from "../../i18n/time";
import { encryptionOf, leads, type Person } from "../model";
import { AskedState } from "./AskedState";
import { HandList } from "./HandList";
import { KindBadge } from "./KindBadge";
import { PersonMenu } from "./PersonMenu";
import { RoomSwitches } from "./RoomSwitches";
import { SidePanel } from "./SidePanel";
import { initials } from "./Tile";
import { useAct } from "./useAct";
import type { Lead } from "./useLead";
import { WaitingList } from "./WaitingList";

function Row({ person, children }: { person: Person; children: ReactNode }) {
  const text = useText();
  const time = useTime();
  const state = encryptionOf(person);
  const wrong = state === "refused" || state === "keyMismatch";
  return (
    <li className="person">
      <span className="person-face" aria-hidden="true">
        {initials(person.name)}
      </span>
      <div className="person-words">
        <span className="person-name" title={person.name}>
          <bdi>{person.self ? text.call.youNamed(person.name) : person.name}</bdi>
        </span>
        <span className={wrong ? "person-state bad" : "person-state"}>
          <KindBadge kind={person.kind} role={person.role} />{" "}
          {wrong
            ? text.shield.state[state]
            : person.quality !== "good"
              ? person.quality === "poor"
                ? text.call.qualityPoor
                : text.call.qualityLost
              : person.joinedAt && text.call.since(time.clock(person.joinedAt))}
        </span>
      </div>
      {person.screen && <MonitorUp size={18} aria-hidden="true" />}
      {person.camera ? (
        <Video size={18} aria-hidden="true" />
      ) : (
        <VideoOff size={18} className="faint" aria-hidden="true" />
      )}
      {person.microphone ? (
        <Mic size={18} aria-hidden="true" />
      ) : (
        <MicOff size={18} className="faint" aria-hidden="true" />
      )}
      <span className="hidden-text">
        {[
          person.speaking && text.call.speaking,
          !person.microphone && text.call.muted,
          !person.camera && text.call.cameraOff,
          state && text.shield.state[state],
        ]
          .filter(Boolean)
          .join(", ")}
      </span>
      {children}
    </li>
  );
}

type Group = "organisers" | "members" | "guests";

const groupOf = ({ role, kind }: Person): Group =>
  leads(role) || kind === "organiser" ? "organisers" : kind === "guest" ? "guests" : "members";

const GROUPS: readonly Group[] = ["organisers", "members", "guests"];

interface PeoplePanelProps {
  people: readonly Person[];
  /** For those who lead the meeting. */
  lead: Lead | undefined;
  onClose: () => void;
}

/** Who is inside, by what they are; for those who lead the meeting also who waits, and what can be done. */
export function PeoplePanel({ people, lead, onClose }: PeoplePanelProps) {
  const text = useText();
  const { error, act } = useAct();
  const room = lead?.room;
  const asked = new Map(room?.people.map((inside) => [inside.identity, inside]));
  const organiser = people.some((person) => person.self && person.role === "organiser");
  return (
    <SidePanel name={text.call.people} title={text.call.peopleCount(people.length)} onClose={onClose}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls has to be reachable by keyboard */}
      <section className="people" tabIndex={0} aria-label={text.call.people}>
        {lead?.stale && <Notice tone="warn">{text.lead.stale}</Notice>}
        {error !== undefined && <Notice tone="bad">{errorText(text, error)}</Notice>}
        <HandList people={people} actions={lead?.actions} act={act} />
        {lead && room && (
          <>
            <WaitingList waiting={room.waiting} actions={lead.actions} />
            <RoomSwitches room={room} actions={lead.actions} act={act} />
          </>
        )}
        {GROUPS.map((group) => {
          const inside = people.filter((person) => groupOf(person) === group);
          return (
            inside.length > 0 && (
              <section key={group}>
                <h3 className="people-group">{text.lead[group]}</h3>
                <ul>
                  {inside.map((person) => (
                    <Row key={person.identity} person={person}>
                      <AskedState entry={asked.get(person.identity)} />
                      {lead && !person.self && person.role !== "organiser" && (
                        <PersonMenu
                          person={person}
                          organiser={organiser}
                          sharing={room?.sharing}
                          actions={lead.actions}
                          act={act}
                        />
                      )}
                    </Row>
                  ))}
                </ul>
              </section>
            )
          );
        })}
      </section>
    </SidePanel>
  );
}
