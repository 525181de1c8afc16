import { OctagonX } from "lucide-react";
import type { RoomState } from "../../api/portal";
import { Button } from "../../components/Button";
import { useText } from "../../i18n";
import { errorText } from "../../i18n/errorText";
import { type RoomChange, type Stoppable, stoppedIn } from "./stopping";
import { useAct } from "./useAct";

interface StopNoticeProps {
  room: RoomState;
  onChange: (change: RoomChange) => Promise<void>;
}

/** For those who lead: what is stopped, for as long as it is, and each with a button that gives it back alone. */
export function StopNotice({ room, onChange }: StopNoticeProps) {
  const text = useText();
  const { busy, error, act } = useAct();
  const stopped = stoppedIn(room);
  const giveBack = (what: Stoppable) => void act(() => onChange({ [what]: what !== "locked" }));
  return (
    // Always there, so that a screen reader hears what comes into it.
    <div role="status">
      {stopped.length > 0 && (
        <div className="strip stop-notice">
          <OctagonX size={20} aria-hidden="true" />
          <span>{text.floor.stopped(stopped.map((what) => text.floor.what[what]).join(", "))}</span>
          {stopped.map((what) => (
            <Button key={what} isDisabled={busy} onPress={() => giveBack(what)}>
              {text.floor.giveBack[what]}
            </Button>
          ))}
          {error !== undefined && <span>{errorText(text, error)}</span>}
        </div>
      )}
    </div>
  );
}
