import { useEffect, useRef, useState } from "react";
import { useText } from "../../i18n";
import type { CallState } from "../model";

const SHOWN_MS = 8000;

/** The latest event in the call as one sentence, for the status line and for screen readers (WCAG 4.1.3). */
export function useStatusMessage(state: CallState): string {
  const { call, floor } = useText();
  const [message, setMessage] = useState("");
  const previous = useRef(state);
  useEffect(() => {
    const was = previous.current;
    previous.current = state;
    if (was === state) return;
    if (was.phase === "reconnecting" && state.phase === "connected") setMessage(call.reconnected);
    if (was.phase === "connecting") return;
    const had = new Map(was.people.map((person) => [person.identity, person]));
    const has = new Map(state.people.map((person) => [person.identity, person]));
    const came = state.people.filter((person) => !had.has(person.identity));
    // Nobody joins unheard, however many come at once.
    if (came.length > 0) setMessage(came.map((person) => call.joined(person.name)).join(" "));
    for (const person of state.people) {
      const earlier = had.get(person.identity);
      if (!earlier) continue;
      if (!earlier.hand && person.hand) setMessage(person.self ? floor.handUp : floor.handRaised(person.name));
      if (!earlier.screen && person.screen && !person.self) setMessage(call.shares(person.name));
    }
    for (const person of was.people) if (!has.has(person.identity)) setMessage(call.left(person.name));
    if (was.sending.microphone !== state.sending.microphone)
      setMessage(state.sending.microphone ? call.microphoneOn : call.microphoneOff);
    if (!was.maySpeak && state.maySpeak) setMessage(call.floorOpened);
  }, [state, call, floor]);
  useEffect(() => {
    if (message === "") return;
    const timer = setTimeout(() => setMessage(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [message]);
  return message;
}
