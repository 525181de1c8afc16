import { Eye, EyeOff } from "lucide-react";
import { useEffect, useState } from "react";
import { portal } from "../api/portal";
import { useText } from "../i18n";
import { errorText } from "../i18n/errorText";
import { useRecheckSession } from "../session";
import { Button } from "./Button";
import { Notice } from "./Notice";

const SHOWN_SECONDS = 20;

/** The guests' PIN: fetched when asked for, shown for 20 seconds, then forgotten. */
export function PinReveal({ id }: { id: string }) {
  const text = useText();
  const recheckSession = useRecheckSession();
  const [pin, setPin] = useState<string>();
  const [left, setLeft] = useState(0);
  const [error, setError] = useState<unknown>();

  useEffect(() => {
    if (pin === undefined) return;
    const hidesAt = Date.now() + SHOWN_SECONDS * 1000;
    const tick = () => {
      const seconds = Math.ceil((hidesAt - Date.now()) / 1000);
      setLeft(seconds);
      if (seconds <= 0) setPin(undefined);
    };
    tick();
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [pin]);

  const show = async () => {
    setError(undefined);
    try {
      setPin((await portal.pin(id)).pin);
    } catch (problem) {
      recheckSession(problem);
      setError(problem);
    }
  };

  const grouped = pin?.replace(/(\d{4})(?=\d)/, "$1 ");
  return (
    <div className="field">
      <span className="field-label">{text.meeting.pin}</span>
      <div className="pin-row">
        {grouped ? (
          <output className="pin-digits">
            <span aria-hidden="true">{grouped}</span>
            <span className="hidden-text">{text.meeting.pinSpoken([...(pin ?? "")].join(" "))}</span>
          </output>
        ) : (
          <span className="pin-digits hidden">
            <span aria-hidden="true">•••• ••••</span>
            <span className="hidden-text">{text.meeting.pinHidden}</span>
          </span>
        )}
        <Button onPress={() => (pin === undefined ? void show() : setPin(undefined))}>
          {pin === undefined ? <Eye size={20} aria-hidden="true" /> : <EyeOff size={20} aria-hidden="true" />}
          {pin === undefined ? text.meeting.pinShow : text.meeting.pinHide}
        </Button>
        {pin !== undefined && <span className="quiet numbers">{text.meeting.pinHides(Math.max(1, left))}</span>}
      </div>
      <span className="field-hint">{text.meeting.pinHint}</span>
      {error !== undefined && <Notice tone="bad">{errorText(text, error)}</Notice>}
    </div>
  );
}
