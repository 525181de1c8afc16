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
import { OrganiserMessage } from "../components/OrganiserMessage";
import { useText } from "../i18n";
import { useSession } from "../session";
import { lastLeft, REJOIN_MS, rejoinAddress } from "./join/lastLeft";
import { MessagePage } from "./MessagePage";

const icons: Record<EndReason, LucideIcon> = {
  left: CircleCheck,
  gaveUp: CircleCheck,
  removed: UserX,
  over: CircleSlash,
  lost: WifiOff,
  elsewhere: PictureInPicture2,
  isolated: Shield,
  mistrusted: ShieldX,
};

/** After the call; nothing here names the meeting. `onRejoin` is given where going back is possible. */
export function CallEnded({
  reason,
  message,
  onRejoin,
}: {
  reason: EndReason;
  /** What the organiser wrote about it. */
  message?: string | undefined;
  onRejoin?: () => void;
}) {
  const { ended } = useText();
  const { session } = useSession();
  const { title, text } = ended[reason];
  return (
    <MessagePage icon={icons[reason]} title={title}>
      <p>{reason === "left" && onRejoin ? ended.leftForNow : text}</p>
      <OrganiserMessage text={message} />
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
  const { reason, message } = (useLocation().state as { reason?: EndReason; message?: string } | null) ?? {};
  const navigate = useNavigate();
  const [left, setLeft] = useState(lastLeft);
  useEffect(() => {
    const timer = setTimeout(() => setLeft(undefined), REJOIN_MS);
    return () => clearTimeout(timer);
  }, []);
  const known = reason && reason in icons ? reason : "left";
  if (known !== "left" || !left) return <CallEnded reason={known} message={message} />;
  return <CallEnded reason="left" onRejoin={() => void navigate(rejoinAddress(left), { replace: true })} />;
}
