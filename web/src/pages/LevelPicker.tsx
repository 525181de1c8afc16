import { Label, Radio, RadioGroup, Switch } from "react-aria-components";
import type { Level } from "../api/portal";
import { LevelBadge } from "../components/LevelBadge";
import { Notice } from "../components/Notice";
import { useLanguage } from "../i18n";
import type { Catalogue } from "../i18n/en";
import { levelNamed, useLevels } from "../levels";

function whyNot({ level }: Catalogue, missing: readonly string[]): string {
  const words: Record<string, string> = level.rule;
  return level.unavailable(missing.map((rule) => words[rule] ?? rule).join(", "));
}

interface LevelPickerProps {
  /** The chosen level's name; undefined: the site's default. */
  value: string | undefined;
  onChange: (name: string) => void;
  /** Whether guests wait, where the level leaves it to the organiser. */
  waitingRoom: boolean;
  onWaitingRoom: (waits: boolean) => void;
  /** Of a planned meeting, which can be made tighter and not looser. */
  planned?: string | undefined;
}

/** The levels as a ladder: what each costs is said before anybody plans, and what cannot be had says why. */
export function LevelPicker({ value, onChange, waitingRoom, onWaitingRoom, planned }: LevelPickerProps) {
  const { text, language } = useLanguage();
  const levels = useLevels();
  if (!levels) return null;
  const chosen = value ?? levels.default;
  const lowest = planned ? levels.levels.findIndex(({ name }) => name === planned) : 0;
  const rules = levelNamed(levels, chosen)?.rules;
  const reason = (level: Level, at: number) =>
    level.available ? (at < lowest ? text.level.tighterOnly : undefined) : whyNot(text, level.missing);
  return (
    <div className="stack-small">
      <RadioGroup className="ladder" value={chosen} onChange={onChange}>
        <Label className="field-label">{text.level.label}</Label>
        {levels.levels.map((level, at) => {
          const no = reason(level, at);
          return (
            <Radio
              key={level.name}
              value={level.name}
              isDisabled={no !== undefined && level.name !== planned}
              className="rung"
              aria-label={[level.title[language], level.sentence[language], no].filter(Boolean).join(". ")}
            >
              <span className="rung-dot" aria-hidden="true" />
              <span className="stack-small">
                <LevelBadge level={level.name} />
                <span>{level.sentence[language]}</span>
                {no && <span className="field-hint">{no}</span>}
              </span>
            </Radio>
          );
        })}
      </RadioGroup>
      {rules && (
        <Notice>
          <ul>
            <li>{text.level.means.guests[rules.guests]}</li>
            <li>{text.level.waits[rules.waiting_room]}</li>
            <li>{text.level.means.screen_share[rules.screen_share]}</li>
            <li>{text.level.means.place[rules.place]}</li>
          </ul>
        </Notice>
      )}
      {rules?.waiting_room === "optional" && (
        <Switch className="switch" isSelected={waitingRoom} onChange={onWaitingRoom}>
          <span className="switch-track" aria-hidden="true" />
          <span>
            {text.level.waitingRoom}
            <span className="field-hint">{text.level.waitingRoomHint}</span>
          </span>
        </Switch>
      )}
      <span className="field-hint">{text.level.keysNow}</span>
    </div>
  );
}
