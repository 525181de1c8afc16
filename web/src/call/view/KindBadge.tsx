import { useText } from "../../i18n";
import type { PersonKind } from "../model";

/** Says what the portal knows of somebody: a name can be anybody's. */
export function KindBadge({ kind }: { kind: PersonKind | undefined }) {
  const { call } = useText();
  return kind && <span className={`kind ${kind}`}>{call.kind[kind]}</span>;
}
