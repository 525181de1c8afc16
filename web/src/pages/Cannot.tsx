import {
  CircleHelp,
  CircleSlash,
  KeyRound,
  type LucideIcon,
  MonitorX,
  ServerOff,
  Shield,
  ShieldX,
  Users,
  WifiOff,
} from "lucide-react";
import { Button, ButtonLink } from "../components/Button";
import { useText } from "../i18n";
import type { Catalogue } from "../i18n/en";
import { Statement } from "./Statement";

export type Why =
  | "browser"
  | "insecure"
  | "network"
  | "noKey"
  | "badKey"
  | "over"
  | "full"
  | "isolated"
  | "modeUnknown"
  | "missing"
  | "broken"
  | "unreachable";

interface Words {
  icon: LucideIcon;
  title: string;
  text: string;
  todo?: string;
  bad?: boolean;
  reload?: boolean;
}

function words(why: Why, { cannot, problem }: Catalogue): Words {
  switch (why) {
    case "browser":
      return { icon: MonitorX, title: cannot.browser, text: cannot.browserText, todo: cannot.browserTodo };
    case "insecure":
      return { icon: ShieldX, title: cannot.insecure, text: cannot.insecureText, todo: cannot.insecureTodo, bad: true };
    case "network":
      return { icon: WifiOff, title: cannot.network, text: cannot.networkText, todo: cannot.networkTodo, reload: true };
    case "noKey":
      return { icon: KeyRound, title: cannot.noKey, text: cannot.noKeyText, todo: cannot.noKeyTodo };
    case "badKey":
      return { icon: KeyRound, title: cannot.badKey, text: cannot.badKeyText, todo: cannot.noKeyTodo };
    case "over":
      return { icon: CircleSlash, title: cannot.over, text: cannot.overText, todo: cannot.overTodo, reload: true };
    case "full":
      return { icon: Users, title: cannot.full, text: cannot.fullText, todo: cannot.fullTodo, reload: true };
    case "isolated":
      return {
        icon: Shield,
        title: cannot.isolated,
        text: cannot.isolatedText,
        todo: cannot.isolatedTodo,
        reload: true,
      };
    case "modeUnknown":
      return {
        icon: CircleHelp,
        title: cannot.modeUnknown,
        text: cannot.modeUnknownText,
        todo: cannot.modeUnknownTodo,
        reload: true,
      };
    case "missing":
      return { icon: CircleSlash, title: cannot.missing, text: cannot.missingText };
    case "broken":
      return { icon: ServerOff, title: cannot.broken, text: cannot.brokenText, reload: true };
    case "unreachable":
      return { icon: ServerOff, title: problem.title, text: problem.unreachable, reload: true };
  }
}

/** Something stands in the way; the page says what and what to do about it. */
export function Cannot({ why, again }: { why: Why; again?: () => void }) {
  const text = useText();
  const { icon, title, text: says, todo, bad = false, reload = false } = words(why, text);
  return (
    <Statement icon={icon} title={title} tone={bad ? "bad" : "plain"}>
      <p>{says}</p>
      {todo && (
        <div className="aside stack-small">
          <h2>{text.cannot.what}</h2>
          <p>{todo}</p>
        </div>
      )}
      <div className="actions">
        {reload && (
          <Button look="primary" onPress={again ?? (() => location.reload())}>
            {text.app.retry}
          </Button>
        )}
        {why === "network" && <ButtonLink to="/check">{text.check.link}</ButtonLink>}
        {why === "missing" && (
          <ButtonLink to="/" look="primary">
            {text.app.myMeetings}
          </ButtonLink>
        )}
      </div>
    </Statement>
  );
}
