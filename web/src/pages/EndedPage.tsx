import {
  CircleCheck,
  CircleSlash,
  type LucideIcon,
  PictureInPicture2,
  Shield,
  ShieldX,
  UserX,
  WifiOff,
} from "lucide-react";
import { useLocation } from "react-router";
import type { EndReason } from "../call/model";
import { Button, ButtonLink } from "../components/Button";
import { useText } from "../i18n";
import { useSession } from "../session";
import { MessagePage } from "./MessagePage";

const icons: Record<EndReason, LucideIcon> = {
  left: CircleCheck,
  removed: UserX,
  over: CircleSlash,
  lost: WifiOff,
  elsewhere: PictureInPicture2,
  isolated: Shield,
  mistrusted: ShieldX,
};

/** After the call; nothing here names the meeting. `onRejoin` is given when nobody meant to leave. */
export function CallEnded({ reason, onRejoin }: { reason: EndReason; onRejoin?: () => void }) {
  const { ended } = useText();
  const { session } = useSession();
  const { title, text } = ended[reason];
  return (
    <MessagePage icon={icons[reason]} title={title}>
      <p>{text}</p>
      {(onRejoin || session?.authenticated) && (
        <div className="actions">
          {onRejoin && (
            <Button look="primary" onPress={onRejoin}>
              {ended.rejoin}
            </Button>
          )}
          {session?.authenticated && (
            <ButtonLink to="/" replace look={onRejoin ? "normal" : "primary"}>
              {ended.home}
            </ButtonLink>
          )}
        </div>
      )}
      {!onRejoin && !session?.authenticated && <p className="quiet">{ended.close}</p>}
    </MessagePage>
  );
}

/** The address people come to; the reason travels with the navigation. */
export function EndedPage() {
  const reason = (useLocation().state as { reason?: EndReason } | null)?.reason;
  return <CallEnded reason={reason && reason in icons ? reason : "left"} />;
}
