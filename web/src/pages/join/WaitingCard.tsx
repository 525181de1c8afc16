import { Hourglass } from "lucide-react";
import { useEffect, useRef } from "react";
import { Button } from "../../components/Button";
import { EncryptionNote } from "../../components/EncryptionNote";
import { Notice } from "../../components/Notice";
import { OrganiserMessage } from "../../components/OrganiserMessage";
import { useText } from "../../i18n";
import { useTime } from "../../i18n/time";
import type { Waiting } from "./machine";

interface WaitingCardProps {
  waiting: Waiting;
  /** The service does not answer just now. */
  away: boolean;
  onGiveUp: () => void;
}

/** Before the door: since when, and what the organiser says. Neither the meeting's title nor anybody's name. */
export function WaitingCard({ waiting: { since, message, movedBack, locked }, away, onGiveUp }: WaitingCardProps) {
  const { lobby, floor } = useText();
  const time = useTime();
  const heading = useRef<HTMLHeadingElement>(null);
  // The form, and the focus with it, is gone.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <section className="card lobby">
      <h1 ref={heading} tabIndex={-1}>
        {movedBack ? lobby.movedBackTitle : locked ? floor.lockedTitle : lobby.title}
      </h1>
      <p className="lobby-since" role="status">
        <Hourglass size={22} aria-hidden="true" />
        <span>
          {movedBack ? lobby.movedBack : locked ? floor.lockedTold : lobby.told}{" "}
          {lobby.since(time.clockOrDay(new Date(since)))}
        </span>
      </p>
      {/* Always there, so that a screen reader hears what comes into it. */}
      <div role="status">
        <OrganiserMessage text={message} />
      </div>
      {away && <Notice tone="warn">{lobby.away}</Notice>}
      <p className="quiet">{lobby.stay}</p>
      <Button wide onPress={onGiveUp}>
        {lobby.giveUp}
      </Button>
      <EncryptionNote>{lobby.unseen}</EncryptionNote>
    </section>
  );
}
