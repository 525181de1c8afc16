import { LogIn, Video } from "lucide-react";
import { signInAddress } from "../api/portal";
import { useText } from "../i18n";
import { useSession } from "../session";
import { Statement } from "./Statement";

export function SignIn() {
  const text = useText();
  const { session } = useSession();
  return (
    <Statement icon={Video} title={text.signIn.title}>
      <p>{text.signIn.lead}</p>
      {session?.site.mode === "isolated" && <p>{text.signIn.isolated}</p>}
      <div className="stack-small">
        <div className="actions">
          <a className="button primary" href={signInAddress(location.pathname)}>
            <LogIn size={20} aria-hidden="true" />
            {text.signIn.action}
          </a>
        </div>
        <span className="field-hint">{text.signIn.second}</span>
      </div>
      <div className="aside stack-small">
        <h2>{text.signIn.guestTitle}</h2>
        <p className="quiet">{text.signIn.guest}</p>
      </div>
    </Statement>
  );
}
