import { CircleHelp, Hand, HandHeart, type LucideIcon, ThumbsUp, Turtle } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useText } from "../../../i18n";
import type { MeetingData } from "../MeetingData";
import type { Reaction } from "../message";
import { useData } from "./useData";

export const reactionIcons: Record<Reaction, LucideIcon> = {
  agree: ThumbsUp,
  applause: Hand,
  thanks: HandHeart,
  question: CircleHelp,
  slower: Turtle,
};

interface DataNewsProps {
  data: MeetingData;
  /** The chat is in view, and announces what comes by itself. */
  chatShown: boolean;
  /** Puts numbers in place of names where they are hidden. */
  mask: (sentence: string) => string;
}

type News = { id: string; own: boolean; says: string } | undefined;

/** Reactions, where everybody sees them; and what has come, one sentence at a time, for screen readers. */
export function DataNews({ data, chatShown, mask }: DataNewsProps) {
  const { chat } = useText();
  const { messages, files, polls, reactions } = useData(data);
  const [news, setNews] = useState("");
  const message = messages.at(-1);
  const file = files.at(-1);
  const poll = polls.at(-1);
  const reaction = reactions.at(-1);
  const now: Record<string, News> = {
    message: message && { id: message.id, own: message.from.self, says: chatShown ? "" : chat.came(message.from.name) },
    file: file && { id: file.offer.id, own: file.from.self, says: chatShown ? "" : chat.fileOffered(file.from.name) },
    poll: poll && { id: poll.id, own: poll.from.self, says: chat.pollCame(poll.question) },
    reaction: reaction && {
      id: reaction.id,
      own: reaction.from.self,
      says: chat.reacted(reaction.from.name, chat.reaction[reaction.what]),
    },
  };
  const before = useRef(now);
  useEffect(() => {
    for (const [what, one] of Object.entries(now))
      if (one && !one.own && one.says !== "" && one.id !== before.current[what]?.id) setNews(one.says);
    before.current = now;
  });
  return (
    <>
      <p className="hidden-text" role="status">
        {mask(news)}
      </p>
      {reactions.length > 0 && (
        <ul className="reactions" aria-label={chat.reactions}>
          {reactions.map(({ id, from, what }) => {
            const Icon = reactionIcons[what];
            return (
              <li key={id}>
                <Icon size={20} aria-hidden="true" />
                <bdi>{mask(chat.reacted(from.self ? chat.you : from.name, chat.reaction[what]))}</bdi>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}
