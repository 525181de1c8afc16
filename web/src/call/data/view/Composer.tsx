import { Paperclip, SendHorizontal } from "lucide-react";
import { type KeyboardEvent, useEffect, useState } from "react";
import { FileTrigger, Label, Switch, TextArea, TextField } from "react-aria-components";
import { Button, IconButton } from "../../../components/Button";
import { useText } from "../../../i18n";
import type { DataState, MeetingData } from "../MeetingData";
import { MAX_TEXT } from "../message";

interface ComposerProps {
  data: MeetingData;
  state: DataState;
  realTime: boolean;
  onRealTime: (on: boolean) => void;
}

/** Where messages are written, as a whole or letter by letter, and files are offered. */
export function Composer({ data, state, realTime, onRealTime }: ComposerProps) {
  const { chat } = useText();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  useEffect(() => () => data.chat.write(""), [data]);
  const change = (now: string) => {
    setText(now);
    setProblem(undefined);
    if (realTime) data.chat.write(now);
  };
  const say = async () => {
    const said = text;
    if (said.trim() === "") return;
    setText("");
    try {
      await data.chat.say(said);
      setProblem(undefined);
    } catch {
      setText((now) => now || said);
      setProblem(chat.notSent);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method is composing, Enter chooses a character.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void say();
  };
  const offer = async (files: FileList | null) => {
    setProblem(undefined);
    try {
      for (const file of files ?? []) await data.files.offer(file);
    } catch (error) {
      setProblem(error instanceof RangeError ? chat.fileTooLarge : chat.notSent);
    }
  };
  if (!state.mayWrite) return <p className="composer quiet">{chat.closed}</p>;
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void say();
      }}
    >
      <Switch
        className="switch"
        isSelected={realTime}
        onChange={(on) => {
          onRealTime(on);
          data.chat.write(on ? text : "");
        }}
      >
        <span className="switch-track" aria-hidden="true" />
        <span>
          {chat.realTime}
          <span className="field-hint">{chat.realTimeHint}</span>
        </span>
      </Switch>
      <TextField className="field" value={text} onChange={change} maxLength={MAX_TEXT}>
        <Label className="hidden-text">{chat.message}</Label>
        <TextArea className="field-input" dir="auto" rows={2} placeholder={chat.message} onKeyDown={onKeyDown} />
      </TextField>
      <p role="status" className={problem ? "field-error" : "field-hint"}>
        {problem ?? (state.preparing ? chat.filePreparing : "")}
      </p>
      <div className="composer-acts">
        {state.filesAllowed ? (
          <FileTrigger onSelect={(files) => void offer(files)}>
            <IconButton name={chat.file} isDisabled={state.preparing}>
              <Paperclip aria-hidden="true" />
            </IconButton>
          </FileTrigger>
        ) : (
          <span className="field-hint">{chat.filesNever}</span>
        )}
        <Button type="submit" look="primary">
          <SendHorizontal size={18} aria-hidden="true" />
          {chat.send}
        </Button>
      </div>
    </form>
  );
}
