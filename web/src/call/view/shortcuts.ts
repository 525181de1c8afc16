import { useEffect } from "react";

const STORED = "conclave.shortcuts";

export const shortcutKeys = {
  microphone: "M",
  camera: "V",
  screen: "S",
  people: "P",
  layout: "G",
  fullscreen: "F",
  help: "?",
} as const;
export type Shortcut = keyof typeof shortcutKeys;

export const shortcutsWanted = (): boolean => localStorage.getItem(STORED) !== "off";
export const wantShortcuts = (wanted: boolean): void => localStorage.setItem(STORED, wanted ? "on" : "off");

export function shortcutOf(event: KeyboardEvent): Shortcut | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return undefined;
  const key = event.key.toUpperCase();
  return (Object.keys(shortcutKeys) as Shortcut[]).find((name) => shortcutKeys[name] === key);
}

const typing = (target: EventTarget | null) =>
  target instanceof Element &&
  target.closest("input, textarea, select, [contenteditable], [role=menu], [role=listbox], [role=dialog]") !== null;
/** Space presses a focused button; it speaks only when nothing else wants it. */
const pressing = (target: EventTarget | null) =>
  target instanceof Element && target.closest("button, a, summary") !== null;

/** Single keys for the call. They can be switched off (WCAG 2.1.4) and never fire while somebody types. */
export function useShortcuts(enabled: boolean, act: (shortcut: Shortcut) => void, speak: (on: boolean) => void): void {
  useEffect(() => {
    if (!enabled) return;
    let holding = false;
    const release = () => {
      if (holding) speak(false);
      holding = false;
    };
    const down = (event: KeyboardEvent) => {
      if (typing(event.target)) return;
      if (event.key === " " && !pressing(event.target)) {
        event.preventDefault();
        if (!event.repeat && !holding) {
          holding = true;
          speak(true);
        }
        return;
      }
      const shortcut = shortcutOf(event);
      if (!shortcut) return;
      event.preventDefault();
      act(shortcut);
    };
    const up = (event: KeyboardEvent) => event.key === " " && release();
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    window.addEventListener("blur", release);
    return () => {
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
      window.removeEventListener("blur", release);
    };
  }, [enabled, act, speak]);
}
