import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link2, Unlink, X } from "lucide-react";
import { useId, useState } from "react";
import { type Expected, type Meeting, portal } from "../api/portal";
import { useAct } from "../call/view/useAct";
import { Button, IconButton } from "../components/Button";
import { Notice } from "../components/Notice";
import { linkVersion } from "../e2ee/keyStore";
import { type MeetingKey, meetingLink } from "../e2ee/meetingKey";
import { useText } from "../i18n";
import { errorText } from "../i18n/errorText";
import { levelNamed, useLevels } from "../levels";
import { MAX_EXPECTED, NewPerson } from "./ExpectedFields";

interface RowProps {
  person: Expected;
  busy: boolean;
  /** Whether a guest of this meeting may have a link, and this browser the key for it. */
  links: boolean;
  onLink: () => void;
  onRevoke: () => void;
  onTake: () => void;
}

function Row({ person, busy, links, onLink, onRevoke, onTake }: RowProps) {
  const { people } = useText();
  const { name, mail, role, account, link, where } = person;
  const guest = role !== "co_organiser" && !account;
  const state = where === "absent" && guest ? (link ? people.linkUnused : people.linkNone) : people.where[where];
  return (
    <li className="expected-row">
      <span className="person-words">
        <bdi className="person-name">{name}</bdi>
        <span className="person-state">
          {[people.roles[role], mail, account && people.account].filter(Boolean).join(" · ")}
        </span>
        <span className={where === "waiting" ? "person-state warn" : "person-state"}>{state}</span>
      </span>
      <span className="expected-acts">
        {guest && links && (
          <Button
            isDisabled={busy}
            onPress={onLink}
            aria-label={link ? people.replaceLinkFor(name) : people.makeLinkFor(name)}
          >
            <Link2 size={18} aria-hidden="true" />
            {link ? people.replaceLink : people.makeLink}
          </Button>
        )}
        {link && (
          <Button look="plain warn" isDisabled={busy} onPress={onRevoke} aria-label={people.revokeFor(name)}>
            <Unlink size={18} aria-hidden="true" />
            {people.revoke}
          </Button>
        )}
        <IconButton name={people.take(name)} isDisabled={busy} onPress={onTake}>
          <X size={18} aria-hidden="true" />
        </IconButton>
      </span>
    </li>
  );
}

/** What was just done with somebody's link; the token is nowhere else. */
type Done = { name: string; what: "copied" | "revoked" } | { name: string; what: "shown"; link: string };

function Told({ done }: { done: Done | undefined }) {
  const { people } = useText();
  const field = useId();
  if (!done) return null;
  if (done.what !== "shown")
    return <Notice>{done.what === "copied" ? people.linkCopied(done.name) : people.revoked(done.name)}</Notice>;
  return (
    <Notice tone="warn">
      <p>{people.linkShown(done.name)}</p>
      <label className="hidden-text" htmlFor={field}>
        {people.linkOf(done.name)}
      </label>
      <input
        id={field}
        className="field-input"
        readOnly
        value={done.link}
        autoComplete="off"
        onFocus={(event) => event.currentTarget.select()}
      />
    </Notice>
  );
}

/** Who is expected at a planned meeting, and the guests' personal links, for those who lead it. */
export function ExpectedPeople({ meeting, meetingKey: key }: { meeting: Meeting; meetingKey: MeetingKey | undefined }) {
  const text = useText();
  const queries = useQueryClient();
  const levels = useLevels();
  const { busy, error, act } = useAct();
  const [done, setDone] = useState<Done>();
  const query = ["expected", meeting.id];
  const listed = useQuery({ queryKey: query, queryFn: () => portal.expected(meeting.id), refetchInterval: 10_000 });
  const change = async (what: () => Promise<unknown>) => {
    setDone(undefined);
    const worked = await act(what);
    await queries.invalidateQueries({ queryKey: query });
    return worked;
  };
  const link = (person: Expected, ownKey: MeetingKey) =>
    change(async () => {
      const { token } = await portal.makeLink(meeting.id, person.id);
      const version = linkVersion(meeting.id, meeting.link_version);
      const made = meetingLink(location.origin, meeting.id, ownKey, { version, personal: token });
      setDone(
        await navigator.clipboard.writeText(made).then(
          (): Done => ({ name: person.name, what: "copied" }),
          (): Done => ({ name: person.name, what: "shown", link: made }),
        ),
      );
    });
  const revoke = async (person: Expected) => {
    if (await change(() => portal.revokeLink(meeting.id, person.id))) setDone({ name: person.name, what: "revoked" });
  };
  const guests = levelNamed(levels, meeting.level)?.rules.guests !== "never";
  const people = listed.data ?? [];
  return (
    <section className="card">
      <h2>{text.people.title}</h2>
      <p className="quiet">{text.people.hint}</p>
      {listed.data?.length === 0 && <p className="quiet">{text.people.nobody}</p>}
      {error !== undefined && <Notice tone="bad">{errorText(text, error)}</Notice>}
      {/* Always there, so that a screen reader hears what comes into it. */}
      <div role="status">
        <Told done={done} />
      </div>
      {guests && !key && <p className="quiet">{text.people.noKey}</p>}
      <ul className="expected">
        {people.map((person) => (
          <Row
            key={person.id}
            person={person}
            busy={busy}
            links={guests && key !== undefined}
            onLink={() => key && void link(person, key)}
            onRevoke={() => void revoke(person)}
            onTake={() => void change(() => portal.unexpect(meeting.id, person.id))}
          />
        ))}
      </ul>
      {people.length < MAX_EXPECTED && (
        <NewPerson coOrganisers={meeting.mine} onAdd={(person) => change(() => portal.expect(meeting.id, person))} />
      )}
    </section>
  );
}
