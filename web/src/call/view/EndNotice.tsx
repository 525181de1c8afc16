import { Clock } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { useText } from "../../i18n";
import { errorText } from "../../i18n/errorText";
import { useTime } from "../../i18n/time";
import { timeOf } from "../attributes";
import { useAct } from "./useAct";
import type { Lead } from "./useLead";
import { useSoon } from "./useSoon";

interface EndNoticeProps {
  /** When the link ends, as everybody inside is told. */
  closesAt: Date | undefined;
  /** For those who lead the meeting. */
  lead: Lead | undefined;
}

const LONGER = [15, 30] as const;

/** Five minutes before the planned end those who lead can extend; that the link ends everybody is told. */
export function EndNotice({ closesAt, lead }: EndNoticeProps) {
  const text = useText();
  const time = useTime();
  const { busy, error, act } = useAct();
  const endsAt = timeOf(lead?.room?.ends_at);
  const ending = useSoon(endsAt);
  const closing = useSoon(closesAt);
  // Of this end; after an extension there is another one.
  const [dismissed, setDismissed] = useState<number>();
  const end = closing ? closesAt : ending && endsAt?.getTime() !== dismissed ? endsAt : undefined;
  return (
    // Always there, so that a screen reader hears what comes into it.
    <div role="status">
      {end && (
        <div className={closing ? "strip warn" : "strip"}>
          <Clock size={20} aria-hidden="true" />
          <span>{closing ? text.floor.closes(time.clock(end)) : text.floor.ends(time.clock(end))}</span>
          {lead &&
            LONGER.map((minutes) => (
              <Button key={minutes} isDisabled={busy} onPress={() => void act(() => lead.actions.extend(minutes))}>
                {text.floor.extend(minutes)}
              </Button>
            ))}
          {lead && !closing && <Button onPress={() => setDismissed(endsAt?.getTime())}>{text.call.dismiss}</Button>}
          {error !== undefined && <span>{errorText(text, error)}</span>}
        </div>
      )}
    </div>
  );
}
