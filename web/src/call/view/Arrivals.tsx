import { UserRoundPlus } from "lucide-react";
import { useText } from "../../i18n";
import type { Person } from "../model";
import { KindBadge } from "./KindBadge";

const SHOWN = 3;

/** Who has come in just now, where everybody sees it. Screen readers hear it from the status line. */
export function Arrivals({ who }: { who: readonly Pick<Person, "identity" | "name" | "kind">[] }) {
  const { call } = useText();
  if (who.length === 0) return null;
  const more = who.length - SHOWN;
  return (
    <ul className="arrivals" aria-label={call.arrived}>
      {who.slice(-SHOWN).map(({ identity, name, kind }) => (
        <li key={identity}>
          <UserRoundPlus size={18} aria-hidden="true" />
          <bdi>{call.joined(name)}</bdi>
          <KindBadge kind={kind} />
        </li>
      ))}
      {more > 0 && <li>{call.arrivedMore(more)}</li>}
    </ul>
  );
}
