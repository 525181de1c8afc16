import { useEffect } from "react";

const STORED = "conclave.shortcuts";
const STORED_KEYS = "conclave.shortcut-keys";

export const shortcutKeys = {
  microphone: "M",
  camera: "V",
  screen: "S",
  people: "P",
  chat: "C",
  votes: "A",
  layout: "G",
  pip: "I",
  fullscreen: "F",
  help: "?",
} as const;
export type Shortcut = keyof typeof shortcutKeys;

/** What a key can be chosen for: a shortcut, or speaking while it is held. */
export type KeyPurpose = Shortcut | "talk";
/** The key of each purpose, as `KeyboardEvent.key` in upper case; empty for none. */
export type Keys = Readonly<Record<KeyPurpose, string>>;

export const DEFAULT_KEYS: Keys = { ...shortcutKeys, talk: " " };
export const keyPurposes = Object.keys(DEFAULT_KEYS) as KeyPurpose[];

export const shortcutsWanted = (): boolean => localStorage.getItem(STORED) !== "off";
export const wantShortcuts = (wanted: boolean): void => localStorage.setItem(STORED, wanted ? "on" : "off");

const isKey = (key: unknown): key is string => typeof key === "string" && [...key].length <= 1;

/** The keys that were chosen here; a default one gives way to a choice for something else. */
export function chosenKeys(): Keys {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(STORED_KEYS) ?? "{}");
  } catch {
    stored = {};
  }
  const found = (typeof stored === "object" && stored !== null ? stored : {}) as Record<string, unknown>;
  const keys: Record<KeyPurpose, string> = { ...DEFAULT_KEYS };
  const taken = new Set<string>();
  const chosen = keyPurposes.filter((purpose) => isKey(found[purpose]));
  for (const purpose of [...chosen, ...keyPurposes.filter((other) => !chosen.includes(other))]) {
    const key = chosen.includes(purpose) ? String(found[purpose]) : DEFAULT_KEYS[purpose];
    keys[purpose] = taken.has(key) ? "" : key;
    if (key !== "") taken.add(key);
  }
  return keys;
}

/** Keeps what differs from the defaults, so that a later default reaches whoever did not choose. */
export function rememberKeys(keys: Keys): void {
  const changed = keyPurposes.filter((purpose) => keys[purpose] !== DEFAULT_KEYS[purpose]);
  localStorage.setItem(STORED_KEYS, JSON.stringify(Object.fromEntries(changed.map((name) => [name, keys[name]]))));
}

/** The single key of an event; none for combinations, and for keys that move, delete or confirm. */
export function keyOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || [...event.key].length !== 1) return undefined;
  return event.key.toUpperCase();
}

/** What else already has the key. */
export const holderOf = (keys: Keys, key: string, purpose: KeyPurpose): KeyPurpose | undefined =>
  keyPurposes.find((other) => other !== purpose && key !== "" && keys[other] === key);

export function shortcutOf(event: KeyboardEvent, keys: Keys = DEFAULT_KEYS): Shortcut | undefined {
  const key = event.repeat ? undefined : keyOf(event);
  return key ? (Object.keys(shortcutKeys) as Shortcut[]).find((name) => keys[name] === key) : undefined;
}

const typing = (target: EventTarget | null) =>
  target instanceof Element &&
  target.closest("input, textarea, select, [contenteditable], [role=menu], [role=listbox], [role=dialog]") !== null;
/** Space presses a focused button; it speaks only when nothing else wants it. */
const pressing = (target: EventTarget | null) =>
  target instanceof Element && target.closest("button, a, summary") !== null;

/** Single keys for the call. They can be changed and switched off (WCAG 2.1.4) and never fire while somebody types. */
export function useShortcuts(
  enabled: boolean,
  keys: Keys,
  act: (shortcut: Shortcut) => void,
  speak: (on: boolean) => void,
): void {
  useEffect(() => {
    if (!enabled) return;
    let holding = false;
    const talks = (event: KeyboardEvent) => keys.talk !== "" && event.key.toUpperCase() === keys.talk;
    const release = () => {
      if (holding) speak(false);
      holding = false;
    };
    const down = (event: KeyboardEvent) => {
      if (typing(event.target)) return;
      if (talks(event) && keyOf(event) && !(keys.talk === " " && pressing(event.target))) {
        event.preventDefault();
        if (!event.repeat && !holding) {
          holding = true;
          speak(true);
        }
        return;
      }
      const shortcut = shortcutOf(event, keys);
      if (!shortcut) return;
      event.preventDefault();
      act(shortcut);
    };
    const up = (event: KeyboardEvent) => talks(event) && release();
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    window.addEventListener("blur", release);
    return () => {
      // A key that is held while the shortcuts end is let go nowhere else.
      release();
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
      window.removeEventListener("blur", release);
    };
  }, [enabled, keys, act, speak]);
}
