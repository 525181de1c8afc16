import { useCallback, useState } from "react";

export type Layout = "grid" | "speaker";

/** How somebody looks at calls, kept in this browser for the next one. */
export interface ViewChoices {
  layout: Layout;
  /** The own video among the others'. */
  selfView: boolean;
  /** The viewer's name and the time over the picture. */
  watermark: boolean;
}

const STORED = "conclave.view";
const DEFAULTS: ViewChoices = { layout: "grid", selfView: true, watermark: false };

/** What is stored; anything else than expected there is left out. */
export function viewChoices(): ViewChoices {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(STORED) ?? "{}");
  } catch {
    stored = {};
  }
  const found = (typeof stored === "object" && stored !== null ? stored : {}) as Record<string, unknown>;
  const flag = (name: "selfView" | "watermark") => (typeof found[name] === "boolean" ? { [name]: found[name] } : {});
  return {
    ...DEFAULTS,
    ...(found["layout"] === "speaker" ? { layout: "speaker" as const } : {}),
    ...flag("selfView"),
    ...flag("watermark"),
  };
}

export function useViewChoices(): [ViewChoices, (change: (now: ViewChoices) => Partial<ViewChoices>) => void] {
  const [choices, setChoices] = useState(viewChoices);
  const choose = useCallback((change: (now: ViewChoices) => Partial<ViewChoices>) => {
    setChoices((now) => {
      const next = { ...now, ...change(now) };
      localStorage.setItem(STORED, JSON.stringify(next));
      return next;
    });
  }, []);
  return [choices, choose];
}
