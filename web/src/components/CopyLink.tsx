import { Check, Copy } from "lucide-react";
import { useId } from "react";
import { useText } from "../i18n";
import { Button } from "./Button";
import { Notice } from "./Notice";
import { useCopy } from "./useCopy";

/** The link people are sent. It carries the key, so it is shown shortened and copied whole. */
export function CopyLink({ link }: { link: string }) {
  const text = useText();
  const field = useId();
  const hint = useId();
  const { copied, copy } = useCopy(link);
  return (
    <div className="field">
      <label className="field-label" htmlFor={field}>
        {text.meeting.link}
      </label>
      <div className="copy-row">
        <input
          id={field}
          className="field-input"
          readOnly
          value={link}
          aria-describedby={hint}
          autoComplete="off"
          onFocus={(event) => event.currentTarget.select()}
        />
        <Button onPress={() => void copy()}>
          {copied === "yes" ? <Check size={20} aria-hidden="true" /> : <Copy size={20} aria-hidden="true" />}
          <span>{copied === "yes" ? text.meeting.copied : text.meeting.copy}</span>
        </Button>
      </div>
      <span className="hidden-text" role="status">
        {copied === "yes" ? text.meeting.copied : ""}
      </span>
      <span id={hint} className="field-hint">
        {text.meeting.linkHint}
      </span>
      {copied === "failed" && <Notice tone="warn">{text.meeting.copyFailed}</Notice>}
    </div>
  );
}
