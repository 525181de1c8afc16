import { DoorOpen } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Waiter } from "../../api/portal";
import { Button } from "../../components/Button";
import { useText } from "../../i18n";

interface LobbyNoticeProps {
  waiting: readonly Waiter[];
  /** Whoever comes to a locked meeting knocks. */
  locked: boolean;
  /** The list is open already. */
  shown: boolean;
  onShow: () => void;
  onAdmit: (number: number) => void;
  /** Called when somebody new waits. */
  onKnock: () => void;
}

/** Tells those who lead a meeting that somebody waits: quietly, and for as long as it is so. */
export function LobbyNotice({ waiting, locked, shown, onShow, onAdmit, onKnock }: LobbyNoticeProps) {
  const { lead, floor } = useText();
  const one = locked ? floor.knocks : lead.waitingOne;
  const several = locked ? floor.knocking : lead.waitingNotice;
  const only = waiting.length === 1 ? waiting[0] : undefined;
  const known = useRef<ReadonlySet<number>>(new Set());
  useEffect(() => {
    const knocked = waiting.some(({ number }) => !known.current.has(number));
    known.current = new Set(waiting.map(({ number }) => number));
    if (knocked) onKnock();
  }, [waiting, onKnock]);
  return (
    // Always there, so that a screen reader hears what comes into it.
    <div role="status">
      {waiting.length > 0 && (
        <div className="strip lobby-notice">
          <DoorOpen size={20} aria-hidden="true" />
          {only ? <bdi>{one(only.name)}</bdi> : several(waiting.length)}
          {only && !only.note && !shown && (
            <Button aria-label={lead.admitNamed(only.name)} onPress={() => onAdmit(only.number)}>
              {lead.admit}
            </Button>
          )}
          {!shown && <Button onPress={onShow}>{lead.waitingShow}</Button>}
        </div>
      )}
    </div>
  );
}
