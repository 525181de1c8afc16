import {
  CircleHelp,
  CircleSlash,
  KeyRound,
  type LucideIcon,
  MonitorX,
  ServerOff,
  Shield,
  ShieldX,
  Smartphone,
  Unlink,
  Users,
  WifiOff,
} from "lucide-react";
import { Button, ButtonLink } from "../components/Button";
import { useText } from "../i18n";
import { MessagePage } from "./MessagePage";

export type ErrorReason =
  | "unsupportedBrowser"
  | "insecureContext"
  | "keyMissing"
  | "keyDamaged"
  | "linkDamaged"
  | "linkVoid"
  | "linkUsed"
  | "linkRenewed"
  | "mediaBlocked"
  | "mediaMistrusted"
  | "notOpen"
  | "uplinkFull"
  | "isolated"
  | "modeUnknown"
  | "notFound"
  | "crashed"
  | "unreachable";

const icons: Record<ErrorReason, LucideIcon> = {
  unsupportedBrowser: MonitorX,
  insecureContext: ShieldX,
  keyMissing: KeyRound,
  keyDamaged: KeyRound,
  linkDamaged: Unlink,
  linkVoid: Unlink,
  linkUsed: Smartphone,
  linkRenewed: KeyRound,
  mediaBlocked: WifiOff,
  mediaMistrusted: ShieldX,
  notOpen: CircleSlash,
  uplinkFull: Users,
  isolated: Shield,
  modeUnknown: CircleHelp,
  notFound: CircleSlash,
  crashed: ServerOff,
  unreachable: ServerOff,
};

/** Nothing changes when these are tried again as they are. */
const FINAL: readonly ErrorReason[] = [
  "unsupportedBrowser",
  "insecureContext",
  "keyMissing",
  "keyDamaged",
  "linkDamaged",
  "linkVoid",
  "linkUsed",
  "linkRenewed",
  "notFound",
];

/** Something is in the way; the page says what, and what to do about it. Without `onRetry` it is loaded again. */
export function ErrorPage({ reason, onRetry }: { reason: ErrorReason; onRetry?: () => void }) {
  const text = useText();
  const { title, text: explanation, todo } = text.errorPage[reason];
  return (
    <MessagePage icon={icons[reason]} title={title} tone={reason === "insecureContext" ? "bad" : "plain"}>
      <p>{explanation}</p>
      {todo && (
        <div className="aside stack-small">
          <h2>{text.errorTodo}</h2>
          <p>{todo}</p>
        </div>
      )}
      <div className="actions">
        {!FINAL.includes(reason) && (
          <Button look="primary" onPress={onRetry ?? (() => location.reload())}>
            {text.app.retry}
          </Button>
        )}
        {reason === "mediaBlocked" && <ButtonLink to="/check">{text.check.link}</ButtonLink>}
        {reason === "notFound" && (
          <ButtonLink to="/" look="primary">
            {text.app.myMeetings}
          </ButtonLink>
        )}
      </div>
    </MessagePage>
  );
}
