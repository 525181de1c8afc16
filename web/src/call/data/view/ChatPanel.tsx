import { ArrowDownLeft, ArrowUpRight } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useText } from "../../../i18n";
import { useTime } from "../../../i18n/time";
import { SidePanel } from "../../view/SidePanel";
import type { Sender } from "../feature";
import type { MeetingData } from "../MeetingData";
import { Composer } from "./Composer";
import { FileRow } from "./FileRow";
import { MessageText } from "./MessageText";
import { useData } from "./useData";

interface EntryProps {
  from: Sender;
  at: Date;
  mask: (name: string) => string;
  children: ReactNode;
}

function Entry({ from, at, mask, children }: EntryProps) {
  const { chat } = useText();
  const time = useTime();
  const Direction = from.self ? ArrowUpRight : ArrowDownLeft;
  return (
    <li className={from.self ? "message own" : "message"}>
      <p className="message-head">
        <Direction size={16} aria-hidden="true" />
        <span className="hidden-text">{from.self ? chat.sent : chat.received}: </span>
        <bdi className="message-from">{from.self ? chat.you : mask(from.name)}</bdi>{" "}
        <time className="quiet numbers" dateTime={at.toISOString()}>
          {time.clock(at)}
        </time>
      </p>
      {children}
    </li>
  );
}

interface ChatPanelProps {
  data: MeetingData;
  realTime: boolean;
  onRealTime: (on: boolean) => void;
  /** Puts numbers in place of names where they are hidden. */
  mask: (name: string) => string;
  onClose: () => void;
}

/** What is written in the meeting, as long as one is in it. */
export function ChatPanel({ data, realTime, onRealTime, mask, onClose }: ChatPanelProps) {
  const { chat } = useText();
  const state = useData(data);
  const { messages, files, lines } = state;
  useEffect(() => {
    data.chat.look(true);
    return () => data.chat.look(false);
  }, [data]);
  const log = useRef<HTMLElement>(null);
  const newest = `${messages.at(-1)?.id} ${files.at(-1)?.offer.id} ${lines.length}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is new is to be seen
  useEffect(() => {
    const shown = log.current;
    if (shown) shown.scrollTop = shown.scrollHeight;
  }, [newest]);
  const entries = [
    ...messages.map((message) => ({ key: `m ${message.from.identity} ${message.id}`, at: message.at, message })),
    ...files.map((file) => ({ key: `f ${file.offer.id}`, at: file.at, file })),
  ].sort((a, b) => a.at.getTime() - b.at.getTime());
  return (
    <SidePanel name={chat.title} title={chat.title} onClose={onClose}>
      <div className="chat">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls has to be reachable by keyboard */}
        <section className="chat-log" tabIndex={0} aria-label={chat.title} ref={log}>
          <p className="field-hint">{chat.newcomers}</p>
          {entries.length === 0 && <p className="quiet">{chat.empty}</p>}
          <div role="log" aria-label={chat.log}>
            <ul>
              {entries.map((entry) =>
                "message" in entry ? (
                  <Entry key={entry.key} from={entry.message.from} at={entry.at} mask={mask}>
                    <MessageText text={entry.message.text} />
                  </Entry>
                ) : (
                  <Entry key={entry.key} from={entry.file.from} at={entry.at} mask={mask}>
                    <FileRow file={entry.file} files={data.files} />
                  </Entry>
                ),
              )}
            </ul>
          </div>
          {/* Not announced letter by letter: whoever wants to, reads it. */}
          {lines.length > 0 && (
            <ul className="lines" aria-label={chat.written}>
              {lines.map((line) => (
                <li key={line.from.identity} className="message line">
                  <p className="message-head">
                    <ArrowDownLeft size={16} aria-hidden="true" />
                    <bdi className="message-from">{chat.writing(mask(line.from.name))}</bdi>
                  </p>
                  <p className="message-text" dir="auto">
                    {line.text}
                  </p>
                </li>
              ))}
            </ul>
          )}
        </section>
        <Composer data={data} state={state} realTime={realTime} onRealTime={onRealTime} />
      </div>
    </SidePanel>
  );
}
