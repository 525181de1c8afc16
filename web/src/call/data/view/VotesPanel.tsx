import { type FormEvent, useState } from "react";
import { Label, Radio, RadioGroup } from "react-aria-components";
import { Button } from "../../../components/Button";
import { Field } from "../../../components/Field";
import { Notice } from "../../../components/Notice";
import { useText } from "../../../i18n";
import { SidePanel } from "../../view/SidePanel";
import type { MeetingData } from "../MeetingData";
import { MAX_OPTIONS } from "../message";
import { askable, type Poll, tally } from "../Polls";
import { useData } from "./useData";

interface AskProps {
  onAsk: (question: string, options: readonly string[]) => Promise<boolean>;
}

function Ask({ onAsk }: AskProps) {
  const { chat } = useText();
  const [question, setQuestion] = useState("");
  const [options, setOptions] = useState<readonly string[]>(["", ""]);
  const set = (index: number, to: string) => setOptions(options.map((one, at) => (at === index ? to : one)));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!askable(question, options) || !(await onAsk(question, options))) return;
    setQuestion("");
    setOptions(["", ""]);
  };
  return (
    <form className="stack-small" onSubmit={(event) => void submit(event)}>
      <h3>{chat.pollNew}</h3>
      <Field label={chat.pollQuestion} value={question} onChange={setQuestion} maxLength={200} />
      {options.map((option, index) => (
        <Field
          // biome-ignore lint/suspicious/noArrayIndexKey: a place in the list is all an answer is
          key={index}
          label={chat.pollOption(index + 1)}
          value={option}
          onChange={(to) => set(index, to)}
          maxLength={200}
        />
      ))}
      <div className="composer-acts">
        {options.length < MAX_OPTIONS && (
          <Button onPress={() => setOptions([...options, ""])}>{chat.pollOptionAdd}</Button>
        )}
        <Button type="submit" look="primary" isDisabled={!askable(question, options)}>
          {chat.pollStart}
        </Button>
      </div>
    </form>
  );
}

interface PollCardProps {
  poll: Poll;
  mask: (name: string) => string;
  mayVote: boolean;
  own: number | undefined;
  onVote: (option: number) => void;
  onClose: () => void;
}

function PollCard({ poll, mask, mayVote, own, onVote, onClose }: PollCardProps) {
  const { chat } = useText();
  const counts = tally(poll);
  const names = (option: number) =>
    [...poll.votes.values()].filter((vote) => vote.option === option).map((vote) => mask(vote.name));
  return (
    <li className="poll">
      <RadioGroup
        className="stack-small"
        value={own === undefined ? "" : String(own)}
        isDisabled={poll.closed || !mayVote}
        onChange={(option) => onVote(Number(option))}
      >
        <Label className="message-text" dir="auto">
          <strong>{poll.question}</strong>
        </Label>
        <p className="quiet">
          <bdi>{chat.pollBy(poll.from.self ? chat.you : mask(poll.from.name))}</bdi>
          {poll.closed && ` · ${chat.pollClosed}`}
        </p>
        {poll.options.map((option, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: answers are told apart by their place
          <div key={index} className="poll-option">
            <Radio className="radio" value={String(index)}>
              <span className="radio-mark" aria-hidden="true" />
              <span dir="auto">{option}</span>
            </Radio>
            <p className="field-hint">
              <span className="numbers">{chat.pollVotes(counts[index] ?? 0)}</span>:{" "}
              <bdi>{names(index).join(", ") || chat.pollNobody}</bdi>
            </p>
          </div>
        ))}
      </RadioGroup>
      {poll.from.self && !poll.closed && <Button onPress={onClose}>{chat.pollClose}</Button>}
    </li>
  );
}

interface VotesPanelProps {
  data: MeetingData;
  /** Of this participant. */
  identity: string | undefined;
  /** Whether this participant may ask. */
  leads: boolean;
  /** Puts numbers in place of names where they are hidden. */
  mask: (name: string) => string;
  onClose: () => void;
}

/** Open votes. */
export function VotesPanel({ data, identity, leads, mask, onClose }: VotesPanelProps) {
  const { chat } = useText();
  const { polls, mayWrite } = useData(data);
  const [failed, setFailed] = useState(false);
  const act = async (done: Promise<void>): Promise<boolean> => {
    const ok = await done.then(
      () => true,
      () => false,
    );
    setFailed(!ok);
    return ok;
  };
  return (
    <SidePanel name={chat.votes} title={chat.votes} onClose={onClose}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls has to be reachable by keyboard */}
      <section className="people stack" tabIndex={0} aria-label={chat.votes}>
        <p className="field-hint">{mayWrite ? chat.votesOpen : chat.closed}</p>
        {failed && <Notice tone="bad">{chat.notSent}</Notice>}
        {polls.length === 0 && <p className="quiet">{chat.votesNone}</p>}
        <ul className="stack">
          {[...polls].reverse().map((poll) => (
            <PollCard
              key={poll.id}
              poll={poll}
              mask={mask}
              mayVote={mayWrite}
              own={identity === undefined ? undefined : poll.votes.get(identity)?.option}
              onVote={(option) => void act(data.polls.vote(poll.id, option))}
              onClose={() => void act(data.polls.close(poll))}
            />
          ))}
        </ul>
        {leads && mayWrite && <Ask onAsk={(question, options) => act(data.polls.ask(question, options))} />}
      </section>
    </SidePanel>
  );
}
