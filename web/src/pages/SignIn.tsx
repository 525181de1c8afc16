import { LogIn, Video } from "lucide-react";
import { useEffect, useState } from "react";
import { signInAddress } from "../api/portal";
import { Notice } from "../components/Notice";
import { useText } from "../i18n";
import { useSession } from "../session";
import { Statement } from "./Statement";

/** The code with which the portal sends a browser back after a failed sign-in; it leaves the address bar. */
function useFailure(): string | null {
  const [failure] = useState(() => new URLSearchParams(location.search).get("error"));
  useEffect(() => {
    if (failure !== null) history.replaceState(history.state, "", location.pathname);
  }, [failure]);
  return failure;
}

export function SignIn() {
  const text = useText();
  const { session } = useSession();
  const failure = useFailure();
  const { failed } = text.signIn;
  const known =
    failure !== null && Object.hasOwn(failed, failure) ? (failure as keyof typeof failed) : "sign_in_failed";
  return (
    <Statement icon={Video} title={text.signIn.title}>
      {failure !== null && (
        <Notice tone="bad" title={text.signIn.failedTitle}>
          {failed[known]}
        </Notice>
      )}
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
