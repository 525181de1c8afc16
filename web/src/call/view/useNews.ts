import { useEffect, useRef, useState } from "react";
import { useText } from "../../i18n";
import type { CallState } from "../model";

/** The last thing that happened in the call, as one sentence for the status line and for screen readers. */
export function useNews(state: CallState): string {
  const { call } = useText();
  const [news, setNews] = useState("");
  const before = useRef(state);
  useEffect(() => {
    const was = before.current;
    before.current = state;
    if (was === state) return;
    if (was.phase === "reconnecting" && state.phase === "connected") setNews(call.reconnected);
    if (was.phase === "connecting") return;
    const had = new Map(was.people.map((person) => [person.identity, person]));
    const has = new Map(state.people.map((person) => [person.identity, person]));
    for (const person of state.people) {
      const earlier = had.get(person.identity);
      if (!earlier) setNews(call.joined(person.name));
      else if (!earlier.screen && person.screen && !person.self) setNews(call.shares(person.name));
    }
    for (const person of was.people) if (!has.has(person.identity)) setNews(call.left(person.name));
    if (was.own.microphone !== state.own.microphone)
      setNews(state.own.microphone ? call.microphoneOn : call.microphoneOff);
  }, [state, call]);
  return news;
}
