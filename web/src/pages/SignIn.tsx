import { LogIn, Video } from "lucide-react";
import { type RefusalCode, signInAddress } from "../api/portal";
import { Notice } from "../components/Notice";
import { useTold } from "../components/useTold";
import { useText } from "../i18n";
import { useSession } from "../session";
import { MessagePage } from "./MessagePage";

/** Codes with which the portal sends a browser back after a failed sign-in. */
const CODES = ["sign_in_failed", "second_factor_missing", "identity_unavailable"] as const satisfies RefusalCode[];

function useSignInError(): (typeof CODES)[number] | undefined {
  const error = useTold("error");
  return error === null ? undefined : (CODES.find((code) => code === error) ?? "sign_in_failed");
}

/** `ended`: somebody was signed in here, until just now. */
export function SignIn({ ended = false }: { ended?: boolean }) {
  const text = useText();
  const { session } = useSession();
  const error = useSignInError();
  return (
    <MessagePage icon={Video} title={text.signIn.title}>
      {error && (
        <Notice tone="bad" title={text.signIn.failedTitle}>
          {text.errors[error]}
        </Notice>
      )}
      {ended && (
        <Notice tone="warn" title={text.signIn.endedTitle}>
          {text.signIn.ended}
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
    </MessagePage>
  );
}
