// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, renderHook, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ShortcutsDialog } from "../../../src/call/view/ShortcutsDialog";
import { chosenKeys, DEFAULT_KEYS, useShortcuts } from "../../../src/call/view/shortcuts";
import { usePushToTalk } from "../../../src/call/view/usePushToTalk";
import { LanguageProvider } from "../../../src/i18n";

// Of the dialogs' library; jsdom has none.
vi.stubGlobal("CSS", { escape: (text: string) => text });

beforeEach(() => localStorage.setItem("conclave.language", "en"));
afterEach(() => {
  cleanup();
  localStorage.clear();
});

describe("push-to-talk", () => {
  it("closes a microphone that was let go before it was open, in that order", async () => {
    const done: boolean[] = [];
    let open: () => void = () => {};
    const set = (on: boolean) =>
      on
        ? new Promise<void>((resolve) => {
            open = () => {
              done.push(true);
              resolve();
            };
          })
        : Promise.resolve(void done.push(false));
    const { result } = renderHook(() => usePushToTalk(false, set));
    result.current(true);
    result.current(false);
    await act(async () => {});
    expect(done).toEqual([]);
    await act(async () => open());
    expect(done).toEqual([true, false]);
  });

  it("leaves a microphone open that was open before", async () => {
    const set = vi.fn(async () => {});
    const { result } = renderHook(() => usePushToTalk(true, set));
    result.current(true);
    result.current(false);
    await act(async () => {});
    expect(set).not.toHaveBeenCalled();
  });

  it("follows the chosen key, and ends when the shortcuts end while it is held", () => {
    const speak = vi.fn();
    const keys = { ...DEFAULT_KEYS, talk: "T" };
    const { rerender } = renderHook(({ on }) => useShortcuts(on, keys, () => {}, speak), {
      initialProps: { on: true },
    });
    fireEvent.keyDown(document.body, { key: " " });
    expect(speak).not.toHaveBeenCalled();
    fireEvent.keyDown(document.body, { key: "t" });
    fireEvent.keyDown(document.body, { key: "t", repeat: true });
    expect(speak.mock.calls).toEqual([[true]]);
    rerender({ on: false });
    expect(speak.mock.calls).toEqual([[true], [false]]);
  });
});

const Shown = ({ onClose }: { onClose: () => void }) => {
  const [keys, setKeys] = useState(chosenKeys);
  return (
    <LanguageProvider site="en">
      <ShortcutsDialog wanted keys={keys} onWanted={() => {}} onKeys={setKeys} onClose={onClose} />
    </LanguageProvider>
  );
};

describe("the dialog of the shortcuts", () => {
  it("changes a key, names a conflict, takes a key away and restores the defaults, by keyboard", () => {
    const onClose = vi.fn();
    render(<Shown onClose={onClose} />);
    const row = () => screen.getByLabelText(/^People: /);
    const said = () => document.querySelector("[role=status]")?.textContent;
    fireEvent.click(row());
    fireEvent.keyDown(row(), { key: "g" });
    expect(said()).toContain("G is already used for: Speaker view");
    fireEvent.keyDown(row(), { key: "F5" });
    expect(said()).toContain("Only letters");
    fireEvent.keyDown(row(), { key: "n" });
    expect(chosenKeys().people).toBe("N");
    expect(row().getAttribute("aria-label")).toBe("People: N. Change key");
    fireEvent.click(row());
    fireEvent.keyDown(row(), { key: "Escape" });
    expect(onClose).not.toHaveBeenCalled();
    expect(chosenKeys().people).toBe("N");
    fireEvent.click(row());
    fireEvent.keyDown(row(), { key: "Backspace" });
    expect(chosenKeys().people).toBe("");
    fireEvent.click(screen.getByText("Restore default keys"));
    expect(chosenKeys()).toEqual(DEFAULT_KEYS);
  });
});
