// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { shortcutOf } from "../../../src/call/view/shortcuts";

describe("keyboard shortcuts", () => {
  it("leaves combinations with Ctrl, Alt and Meta to the browser", () => {
    expect(shortcutOf(new KeyboardEvent("keydown", { key: "m" }))).toBe("microphone");
    expect(shortcutOf(new KeyboardEvent("keydown", { key: "m", ctrlKey: true }))).toBeUndefined();
    expect(shortcutOf(new KeyboardEvent("keydown", { key: "x" }))).toBeUndefined();
  });
});
