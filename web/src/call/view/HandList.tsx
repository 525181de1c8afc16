import { Hand } from "lucide-react";
import { Button } from "../../components/Button";
import { useText } from "../../i18n";
import { useTime } from "../../i18n/time";
import { handsOf } from "../hands";
import type { Person } from "../model";
import type { LeadActions } from "./useLead";

interface HandListProps {
  people: readonly Person[];
  /** For those who lead the meeting. */
  actions: LeadActions | undefined;
  act: (done: () => Promise<unknown>) => Promise<boolean>;
}

/** Whose hands are up, in their order; those who lead the meeting give the word from here. */
export function HandList({ people, actions, act }: HandListProps) {
  const { call, floor } = useText();
  const time = useTime();
  const hands = handsOf(people);
  if (hands.length === 0) return null;
  return (
    <section className="hand-list" aria-label={floor.hands}>
      <h3>{floor.handCount(hands.length)}</h3>
      <ol>
        {hands.map(({ identity, name, self, hand, maySpeak, role }) => (
          <li key={identity} className="waiter">
            <div className="person-words">
              <span className="person-name" title={name}>
                <bdi>{self ? call.youNamed(name) : name}</bdi>
              </span>
              <span className="person-state">
                <Hand size={14} aria-hidden="true" /> {hand && call.since(time.clock(hand))}
              </span>
            </div>
            {actions && !self && role !== "organiser" && (
              <div className="waiter-acts">
                {role === "participant" && (
                  <Button
                    look="primary"
                    aria-label={maySpeak ? floor.nextNamed(name) : floor.speakNamed(name)}
                    onPress={() => void act(() => actions.grantSpeech(identity, true))}
                  >
                    {maySpeak ? floor.next : floor.speak}
                  </Button>
                )}
                <Button aria-label={floor.lowerNamed(name)} onPress={() => void act(() => actions.lowerHand(identity))}>
                  {floor.lower}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
