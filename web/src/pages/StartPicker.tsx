import { type CalendarDate, getLocalTimeZone, type Time, today } from "@internationalized/date";
import { CalendarDays, ChevronLeft, ChevronRight } from "lucide-react";
import {
  Button,
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
  Text,
  TimeField,
} from "react-aria-components";
import { useText } from "../i18n";

function MonthCalendar() {
  return (
    <Calendar className="calendar">
      <div className="calendar-head">
        <Button slot="previous" className="button plain icon">
          <ChevronLeft size={20} aria-hidden="true" />
        </Button>
        <Heading />
        <Button slot="next" className="button plain icon">
          <ChevronRight size={20} aria-hidden="true" />
        </Button>
      </div>
      <CalendarGrid>
        <CalendarGridHeader>
          {(weekday) => <CalendarHeaderCell className="calendar-weekday">{weekday}</CalendarHeaderCell>}
        </CalendarGridHeader>
        <CalendarGridBody>{(date) => <CalendarCell className="calendar-cell" date={date} />}</CalendarGridBody>
      </CalendarGrid>
    </Calendar>
  );
}

interface DayFieldProps {
  label: string;
  day: CalendarDate | null;
  onDay: (day: CalendarDate | null) => void;
  hint?: string | undefined;
  error: string | undefined;
}

/** A day from today on. */
export function DayField({ label, day, onDay, hint, error }: DayFieldProps) {
  return (
    <DatePicker
      className="field"
      value={day}
      onChange={onDay}
      minValue={today(getLocalTimeZone())}
      isInvalid={error !== undefined}
    >
      <Label className="field-label">{label}</Label>
      <Group className="date-group">
        <DateInput className="date-input">
          {(segment) => <DateSegment className="date-segment" segment={segment} />}
        </DateInput>
        <Button className="button icon">
          <CalendarDays size={20} aria-hidden="true" />
        </Button>
      </Group>
      {hint && (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
      <Popover className="popover">
        <Dialog>
          <MonthCalendar />
        </Dialog>
      </Popover>
    </DatePicker>
  );
}

interface StartPickerProps {
  day: CalendarDate | null;
  time: Time | null;
  onDay: (day: CalendarDate | null) => void;
  onTime: (time: Time | null) => void;
  hint: string;
  error: string | undefined;
}

/** Date and time at which a meeting starts. */
export function StartPicker({ day, time, onDay, onTime, hint, error }: StartPickerProps) {
  const { plan } = useText();
  return (
    <div className="pair">
      <DayField label={plan.day} day={day} onDay={onDay} error={error} />
      <TimeField
        shouldForceLeadingZeros
        className="field"
        value={time}
        onChange={onTime}
        isInvalid={error !== undefined}
      >
        <Label className="field-label">{plan.time}</Label>
        <DateInput className="date-input">
          {(segment) => <DateSegment className="date-segment" segment={segment} />}
        </DateInput>
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      </TimeField>
    </div>
  );
}
