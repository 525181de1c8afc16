import { Circle, LockKeyhole, type LucideIcon, Shield, ShieldCheck, Vault } from "lucide-react";
import { useLanguage } from "../i18n";
import { levelNamed, rankOf, useLevels } from "../levels";

/** From loosest to tightest: each has a shape of its own, for those who do not see the colours. */
const SHAPES: readonly LucideIcon[] = [Circle, Shield, ShieldCheck, LockKeyhole, Vault];

/** A meeting's security level in a word, a shape and a colour. */
export function LevelBadge({ level }: { level: string }) {
  const { text, language } = useLanguage();
  const levels = useLevels();
  const rank = rankOf(levels, level);
  const Shape = SHAPES[rank - 1] ?? Shield;
  const title = levelNamed(levels, level)?.title[language] ?? level;
  return (
    <span className={`level level-${rank}`} title={text.level.badge(title)}>
      <Shape size={16} aria-hidden="true" />
      <span className="hidden-text">{text.level.label}: </span>
      {title}
    </span>
  );
}
