import { type KeyboardEvent, useRef, useState } from "react";
import { Switch } from "react-aria-components";
import { Button } from "../../components/Button";
import { useText } from "../../i18n";
import { CallDialog } from "./Dialogs";
import { DEFAULT_KEYS, holderOf, type KeyPurpose, type Keys, keyOf, keyPurposes, rememberKeys } from "./shortcuts";

/** The keys of the call: to read, to change one by one, to take away, and to switch off altogether. */
export function ShortcutsDialog({
  wanted,
  keys,
  onWanted,
  onKeys,
  onClose,
}: {
  wanted: boolean;
  keys: Keys;
  onWanted: (wanted: boolean) => void;
  onKeys: (keys: Keys) => void;
  onClose: () => void;
}) {
  const text = useText();
  const [asking, setAsking] = useState<KeyPurpose>();
  const [said, setSaid] = useState("");
  /** Space that was chosen as a key presses nothing when it comes up again. */
  const chosen = useRef(false);
  const does: Record<KeyPurpose, string> = {
    microphone: `${text.call.mute} / ${text.call.unmute}`,
    talk: text.call.shortcutsHold,
    camera: `${text.call.cameraStop} / ${text.call.cameraStart}`,
    screen: text.call.share,
    people: text.call.people,
    chat: text.chat.title,
    votes: text.chat.votes,
    layout: text.call.layoutSpeaker,
    pip: text.media.pip,
    fullscreen: text.call.fullscreen,
    help: text.call.shortcuts,
  };
  const shown = (key: string) => (key === " " ? text.call.shortcutsSpace : key === "" ? text.media.keyNone : key);
  const change = (next: Keys) => {
    rememberKeys(next);
    onKeys(next);
  };
  const take = (purpose: KeyPurpose, key: string) => {
    const holder = holderOf(keys, key, purpose);
    if (holder) {
      setSaid(text.media.keyTaken(shown(key), does[holder]));
      return;
    }
    change({ ...keys, [purpose]: key });
    setAsking(undefined);
    setSaid(text.media.keyChosen(shown(key), does[purpose]));
  };
  const onKeyDown = (purpose: KeyPurpose, event: KeyboardEvent) => {
    if (asking !== purpose || event.key === "Tab" || event.key === "Shift") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      setAsking(undefined);
      setSaid("");
    } else if (event.key === "Backspace" || event.key === "Delete") take(purpose, "");
    else {
      const key = keyOf(event);
      if (!key) return setSaid(text.media.keyImpossible);
      chosen.current = key === " ";
      take(purpose, key);
    }
  };
  return (
    <CallDialog title={text.call.shortcuts} onClose={onClose}>
      <Switch className="switch" isSelected={wanted} onChange={onWanted}>
        <span className="switch-track" aria-hidden="true" />
        {text.call.shortcutsUse}
      </Switch>
      <p className="field-hint">{text.media.keyHint}</p>
      <ul className="keys">
        {keyPurposes.map((purpose) => (
          <li key={purpose}>
            <button
              type="button"
              className={asking === purpose ? "key-choice asking" : "key-choice"}
              aria-label={text.media.keyOf(does[purpose], shown(keys[purpose]))}
              onClick={() => {
                setAsking(purpose);
                setSaid(text.media.keyPress(does[purpose]));
              }}
              onKeyDown={(event) => onKeyDown(purpose, event)}
              onKeyUp={(event) => {
                if (chosen.current) event.preventDefault();
                chosen.current = false;
              }}
              onBlur={() => asking === purpose && setAsking(undefined)}
            >
              <kbd>{asking === purpose ? "…" : shown(keys[purpose])}</kbd>
            </button>
            <span aria-hidden="true">{does[purpose]}</span>
          </li>
        ))}
      </ul>
      <p className="keys-said" role="status">
        {said}
      </p>
      <Button
        onPress={() => {
          change(DEFAULT_KEYS);
          setSaid(text.media.keysRestored);
        }}
      >
        {text.media.keysRestore}
      </Button>
    </CallDialog>
  );
}
