import { CircleCheck, CircleSlash, type LucideIcon, PictureInPicture2, Shield, UserX, WifiOff } from "lucide-react";
import { useLocation } from "react-router";
import type { EndReason } from "../call/model";
import { Button, ButtonLink } from "../components/Button";
import { useText } from "../i18n";
import { useSession } from "../session";
import { Statement } from "./Statement";

const icons: Record<EndReason, LucideIcon> = {
  left: CircleCheck,
  removed: UserX,
  over: CircleSlash,
  lost: WifiOff,
  elsewhere: PictureInPicture2,
  isolated: Shield,
};

/** After the call; nothing here names the meeting. `again` is offered when nobody meant to leave. */
export function EndedBecause({ reason, again }: { reason: EndReason; again?: () => void }) {
  const text = useText();
  const { session } = useSession();
  return (
    <Statement icon={icons[reason]} title={text.ended[reason]}>
      <p>{text.ended[`${reason}Text`]}</p>
      {(again || session?.authenticated) && (
        <div className="actions">
          {again && (
            <Button look="primary" onPress={again}>
              {text.ended.again}
            </Button>
          )}
          {session?.authenticated && (
            <ButtonLink to="/" replace look={again ? "normal" : "primary"}>
              {text.ended.home}
            </ButtonLink>
          )}
        </div>
      )}
      {!again && !session?.authenticated && <p className="quiet">{text.ended.close}</p>}
    </Statement>
  );
}

/** The address people come to; the reason travels with the navigation. */
export function Ended() {
  const given = (useLocation().state as { reason?: EndReason } | null)?.reason;
  return <EndedBecause reason={given && given in icons ? given : "left"} />;
}
