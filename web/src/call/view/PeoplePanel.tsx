import { Mic, MicOff, MonitorUp, Video, VideoOff, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { IconButton } from "../../components/Button";
import { useText } from "../../i18n";
import { useTime } from "../../i18n/time";
import { encryptionOf, type Person } from "../model";
import { KindBadge } from "./KindBadge";
import { initials } from "./Tile";

function Row({ person }: { person: Person }) {
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
          <KindBadge kind={person.kind} />{" "}
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
    </li>
  );
}

export function PeoplePanel({ people, onClose }: { people: readonly Person[]; onClose: () => void }) {
  const text = useText();
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus();
    return () => {
      const opener = before instanceof HTMLElement && before !== document.body ? before : undefined;
      (opener ?? document.querySelector<HTMLElement>(".controls [aria-expanded]"))?.focus();
    };
  }, []);
  return (
    <aside
      className="panel"
      ref={panel}
      tabIndex={-1}
      aria-label={text.call.people}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <div className="panel-head">
        <h2>{text.call.peopleCount(people.length)}</h2>
        <IconButton name={text.app.close} onPress={onClose}>
          <X aria-hidden="true" />
        </IconButton>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls has to be reachable by keyboard */}
      <ul className="people" tabIndex={0} aria-label={text.call.people}>
        {people.map((person) => (
          <Row key={person.identity} person={person} />
        ))}
      </ul>
    </aside>
  );
}
