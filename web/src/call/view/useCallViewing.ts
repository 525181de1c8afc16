import { type RefObject, useCallback, useMemo, useState } from "react";
import { useText } from "../../i18n";
import type { CallState } from "../model";
import { useHiddenNames } from "./hiddenNames";
import type { Keeping } from "./Tile";
import { type Pip, usePip } from "./usePip";
import { useViewChoices, type ViewChoices } from "./viewChoices";

/** Levels at which a photograph of the screen may be signed: from internal on. */
const MARKED: readonly (string | undefined)[] = ["internal", "confidential", "secret"];

/** How this person looks at the call. */
export interface CallViewing {
  choices: ViewChoices;
  /** The call as it is shown: with or without names. */
  state: CallState;
  /** The same for a sentence that was made before. */
  mask: (sentence: string) => string;
  namesHidden: boolean;
  mayMark: boolean;
  /** The own name, which the watermark says even where names are hidden. */
  ownName: string;
  keeping: Keeping;
  pip: Pip;
  toggleLayout: () => void;
  toggleSelfView: () => void;
  toggleNames: () => void;
  toggleWatermark: () => void;
}

/** @param level the meeting's, where it is known */
export function useCallViewing(
  call: CallState,
  level: string | undefined,
  root: RefObject<HTMLElement | null>,
): CallViewing {
  const text = useText();
  const [choices, choose] = useViewChoices();
  const [namesHidden, setNamesHidden] = useState(false);
  const [kept, setKept] = useState<string>();
  const { state, mask } = useHiddenNames(call, namesHidden, text.media.personNumber);
  const shown = useCallback(
    () =>
      root.current?.querySelector<HTMLVideoElement>(".tile.large video:not(.unseen)") ??
      root.current?.querySelector<HTMLVideoElement>(".tile video:not(.unseen)") ??
      null,
    [root],
  );
  const pip = usePip(text.call.title, shown);
  const keeping = useMemo(() => ({ kept, keep: setKept }), [kept]);
  return {
    choices,
    state,
    mask,
    namesHidden,
    mayMark: MARKED.includes(level),
    ownName: call.people.find((person) => person.self)?.name ?? "",
    keeping,
    pip,
    toggleLayout: useCallback(
      () => choose(({ layout }) => ({ layout: layout === "grid" ? "speaker" : "grid" })),
      [choose],
    ),
    toggleSelfView: useCallback(() => choose(({ selfView }) => ({ selfView: !selfView })), [choose]),
    toggleNames: useCallback(() => setNamesHidden((hidden) => !hidden), []),
    toggleWatermark: useCallback(() => choose(({ watermark }) => ({ watermark: !watermark })), [choose]),
  };
}
