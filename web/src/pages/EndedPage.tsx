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
import { useEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import type { EndReason } from "../call/model";
import { Button, ButtonLink } from "../components/Button";
import { useText } from "../i18n";
import { useSession } from "../session";
import { lastLeft, REJOIN_MS, rejoinAddress } from "./join/lastLeft";
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

/** After the call; nothing here names the meeting. `onRejoin` is given where going back is possible. */
export function CallEnded({ reason, onRejoin }: { reason: EndReason; onRejoin?: () => void }) {
  const { ended } = useText();
  const { session } = useSession();
  const { title, text } = ended[reason];
  return (
    <MessagePage icon={icons[reason]} title={title}>
      <p>{reason === "left" && onRejoin ? ended.leftForNow : text}</p>
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
  const navigate = useNavigate();
  const [left, setLeft] = useState(lastLeft);
  useEffect(() => {
    const timer = setTimeout(() => setLeft(undefined), REJOIN_MS);
    return () => clearTimeout(timer);
  }, []);
  const known = reason && reason in icons ? reason : "left";
  if (known !== "left" || !left) return <CallEnded reason={known} />;
  return <CallEnded reason="left" onRejoin={() => void navigate(rejoinAddress(left), { replace: true })} />;
}
