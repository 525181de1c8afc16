// @vitest-environment jsdom
import { afterEach, describe, expect, it } from "vitest";
import { chosenKeys, DEFAULT_KEYS, holderOf, keyOf, rememberKeys, shortcutOf } from "../../../src/call/view/shortcuts";

afterEach(() => localStorage.clear());

const press = (key: string, given: KeyboardEventInit = {}) => new KeyboardEvent("keydown", { key, ...given });

describe("keyboard shortcuts", () => {
  it("leaves combinations with Ctrl, Alt and Meta to the browser", () => {
    expect(shortcutOf(press("m"))).toBe("microphone");
    expect(shortcutOf(press("m", { ctrlKey: true }))).toBeUndefined();
    expect(shortcutOf(press("x"))).toBeUndefined();
    expect(shortcutOf(press("m", { repeat: true }))).toBeUndefined();
    for (const key of ["Enter", "Tab", "ArrowLeft", "Dead"]) expect(keyOf(press(key))).toBeUndefined();
  });

  it("follow the keys that were chosen, and one that was taken away does nothing", () => {
    rememberKeys({ ...DEFAULT_KEYS, microphone: "X", camera: "" });
    const keys = chosenKeys();
    expect(shortcutOf(press("x"), keys)).toBe("microphone");
    expect(shortcutOf(press("m"), keys)).toBeUndefined();
    expect(shortcutOf(press("v"), keys)).toBeUndefined();
    expect(keys.people).toBe("P");
  });

  it("name what else has a key; no key is nobody's", () => {
    expect(holderOf(DEFAULT_KEYS, "G", "microphone")).toBe("layout");
    expect(holderOf(DEFAULT_KEYS, "M", "microphone")).toBeUndefined();
    expect(holderOf({ ...DEFAULT_KEYS, camera: "" }, "", "microphone")).toBeUndefined();
  });

  it("give a key that was chosen for one purpose to no other, whatever is stored", () => {
    localStorage.setItem("conclave.shortcut-keys", '{"camera":"M","screen":"M","people":"Enter","talk":7}');
    expect(chosenKeys()).toEqual({ ...DEFAULT_KEYS, microphone: "", camera: "M", screen: "" });
    for (const stored of ["[", "null", '"M"']) {
      localStorage.setItem("conclave.shortcut-keys", stored);
      expect(chosenKeys()).toEqual(DEFAULT_KEYS);
    }
  });
});
