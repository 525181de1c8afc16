import { Check, MailPlus } from "lucide-react";
import type { Meeting } from "../api/portal";
import { Button } from "../components/Button";
import { Notice } from "../components/Notice";
import { useCopy } from "../components/useCopy";
import { useText } from "../i18n";
import { useTime } from "../i18n/time";
import { levelNamed, useLevels } from "../levels";
import { invitationTo } from "./invitation";

/** The first message of an invitation, as text. */
export function CopyInvitation({ meeting, link }: { meeting: Meeting; link: string }) {
  const text = useText();
  const time = useTime();
  const guests = levelNamed(useLevels(), meeting.level)?.rules.guests;
  const { copied, copy } = useCopy(invitationTo(meeting, link, guests, text, time).message);
  return (
    <div className="field">
      <Button onPress={() => void copy()}>
        {copied === "yes" ? <Check size={20} aria-hidden="true" /> : <MailPlus size={20} aria-hidden="true" />}
        {copied === "yes" ? text.people.invitationCopied : text.people.copyInvitation}
      </Button>
      <span className="hidden-text" role="status">
        {copied === "yes" ? text.people.invitationCopied : ""}
      </span>
      <span className="field-hint">{text.people.invitationHint}</span>
      {copied === "failed" && <Notice tone="warn">{text.meeting.copyFailed}</Notice>}
    </div>
  );
}
