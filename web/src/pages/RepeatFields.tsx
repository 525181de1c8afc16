import { type CalendarDate, toCalendarDate, type ZonedDateTime } from "@internationalized/date";
import { SelectField } from "../components/Field";
import { useText } from "../i18n";
import { type Every, isCut, MOST, repetitions } from "./repetition";
import { DayField } from "./StartPicker";

export interface Repeat {
  every: Every | "never";
  until: CalendarDate | null;
}

interface RepeatFieldsProps {
  first: ZonedDateTime | undefined;
  repeat: Repeat;
  onChange: (repeat: Repeat) => void;
  submitted: boolean;
}

const CHOICES = ["never", "daily", "weekly", "fortnightly", "monthly"] as const;

/** How often and how long a meeting is repeated. */
export function RepeatFields({ first, repeat: { every, until }, onChange, submitted }: RepeatFieldsProps) {
  const { people } = useText();
  const times = every === "never" || !until || !first ? 0 : repetitions(first, every, until).length + 1;
  return (
    <>
      <SelectField
        label={people.repeat}
        choices={CHOICES.map((id) => ({ id, label: people.repeats[id] }))}
        value={every}
        onChange={(id) => {
          const chosen = id as Repeat["every"];
          const months = first && toCalendarDate(first.add({ months: 3 }));
          onChange({ every: chosen, until: chosen === "never" ? null : (until ?? months ?? null) });
        }}
      />
      {every !== "never" && (
        <DayField
          label={people.until}
          day={until}
          onDay={(day) => onChange({ every, until: day })}
          error={submitted && !until ? people.untilMissing : undefined}
          hint={
            times === 0
              ? undefined
              : times === 1
                ? people.repetitionsNone
                : [
                    people.repetitions(times),
                    until && first && isCut(first, every, until) ? people.repetitionsMost(MOST) : "",
                  ]
                    .filter(Boolean)
                    .join(" ")
          }
        />
      )}
    </>
  );
}
