import type { RoomState } from "../../api/portal";
import { useText } from "../../i18n";

type Inside = RoomState["people"][number];

/** For those who lead: what somebody was asked to switch on, and what he says to it. */
export function AskedState({ entry }: { entry: Inside | undefined }) {
  const { floor } = useText();
  if (!entry?.asked) return null;
  const words = floor.answer[entry.asked];
  const said = entry.agreed === null ? words.open : entry.agreed ? words.yes : words.no;
  return <span className="asked-state">{said}</span>;
}
