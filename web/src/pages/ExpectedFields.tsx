import { UserPlus, X } from "lucide-react";
import { type KeyboardEvent, useRef, useState } from "react";
import type { ExpectedPerson } from "../api/portal";
import { Button, IconButton } from "../components/Button";
import { Field, SelectField } from "../components/Field";
import { useText } from "../i18n";

const ROLES = ["guest", "speaker", "co_organiser"] as const satisfies readonly ExpectedPerson["role"][];
/** As the portal limits them. */
const MAX_NAME = 60;
export const MAX_EXPECTED = 200;

/** A browser's idea of an address is the portal's: something, an at sign, and a name with a dot. */
const isMail = (text: string) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text);

interface NewPersonProps {
  /** Resolves once the person is on the list; what was typed then goes. */
  onAdd: (person: ExpectedPerson) => Promise<boolean>;
  /** Only who planned a meeting names co-organisers. */
  coOrganisers?: boolean;
}

/** Name, mail and role of one more person. */
export function NewPerson({ onAdd, coOrganisers = true }: NewPersonProps) {
  const text = useText();
  const [name, setName] = useState("");
  const [mail, setMail] = useState("");
  const [role, setRole] = useState<ExpectedPerson["role"]>("guest");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const fields = useRef<HTMLFieldSetElement>(null);
  const nameMissing = name.trim() === "";
  const nameTooLong = [...name.trim()].length > MAX_NAME;
  const mailError =
    mail.trim() === ""
      ? role === "co_organiser"
        ? text.people.mailNeeded
        : undefined
      : isMail(mail.trim())
        ? undefined
        : text.people.mailWrong;

  const add = async () => {
    setTried(true);
    if (nameMissing || nameTooLong || mailError || busy) {
      if (nameMissing || nameTooLong) fields.current?.querySelector("input")?.focus();
      return;
    }
    setBusy(true);
    const done = await onAdd({ name: name.trim(), role, ...(mail.trim() === "" ? {} : { mail: mail.trim() }) });
    setBusy(false);
    if (!done) return;
    setName("");
    setMail("");
    setRole("guest");
    setTried(false);
    fields.current?.querySelector("input")?.focus();
  };
  /** Enter adds the person; it does not send the form around it. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    void add();
  };

  return (
    <fieldset className="new-person" ref={fields} onKeyDown={onKeyDown}>
      <legend className="hidden-text">{text.people.add}</legend>
      <Field
        label={text.people.name}
        value={name}
        onChange={setName}
        autoComplete="off"
        error={
          tried && nameMissing
            ? text.people.nameMissing
            : nameTooLong
              ? text.fieldErrors.too_long(String(MAX_NAME))
              : undefined
        }
      />
      <Field
        label={text.people.mail}
        value={mail}
        onChange={setMail}
        type="email"
        inputMode="email"
        autoComplete="off"
        error={tried ? mailError : undefined}
      />
      <SelectField
        label={text.people.role}
        choices={ROLES.filter((id) => coOrganisers || id !== "co_organiser").map((id) => ({
          id,
          label: text.people.roles[id],
        }))}
        value={role}
        onChange={(id) => setRole(id as ExpectedPerson["role"])}
      />
      <Button busy={busy} onPress={() => void add()}>
        <UserPlus size={18} aria-hidden="true" />
        {text.people.add}
      </Button>
    </fieldset>
  );
}

interface ExpectedFieldsProps {
  people: readonly ExpectedPerson[];
  onChange: (people: ExpectedPerson[]) => void;
}

/** Who is expected, while a meeting is being planned. */
export function ExpectedFields({ people, onChange }: ExpectedFieldsProps) {
  const text = useText();
  return (
    <section className="stack-small" aria-labelledby="expected-people">
      <h2 id="expected-people" className="field-label">
        {text.people.title}
      </h2>
      <span className="field-hint">{text.people.hint}</span>
      {people.length > 0 && (
        <ul className="expected">
          {people.map((person, at) => (
            // Two may have the same name; the list changes at its ends only.
            // biome-ignore lint/suspicious/noArrayIndexKey: nothing else tells them apart
            <li key={at} className="expected-row">
              <span className="person-words">
                <bdi className="person-name">{person.name}</bdi>
                <span className="person-state">
                  {[text.people.roles[person.role], person.mail].filter(Boolean).join(" · ")}
                </span>
              </span>
              <IconButton
                name={text.people.take(person.name)}
                onPress={() => onChange(people.filter((_, other) => other !== at))}
              >
                <X size={18} aria-hidden="true" />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      {people.length < MAX_EXPECTED ? (
        <NewPerson
          onAdd={async (person) => {
            onChange([...people, person]);
            return true;
          }}
        />
      ) : (
        <span className="field-hint">{text.people.full}</span>
      )}
    </section>
  );
}
