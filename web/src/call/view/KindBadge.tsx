import type { Role } from "../../api/portal";
import { useText } from "../../i18n";
import type { PersonKind } from "../model";

/** Says what the portal knows of somebody: a name can be anybody's. */
export function KindBadge({ kind, role = "participant" }: { kind: PersonKind | undefined; role?: Role }) {
  const { call } = useText();
  return (
    <>
      {kind && <span className={`kind ${kind}`}>{call.kind[kind]}</span>}
      {role === "co_organiser" && <span className="kind organiser">{call.coOrganiser}</span>}
    </>
  );
}
