// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CallState, Person } from "../../../src/call/model";
import { CallView } from "../../../src/call/view/CallView";
import { LanguageProvider } from "../../../src/i18n";
import { callActions, callState, person } from "../standIns";

vi.stubGlobal(
  "ResizeObserver",
  class {
    readonly #seen: (entries: unknown[]) => void;
    constructor(seen: (entries: unknown[]) => void) {
      this.#seen = seen;
    }
    observe = () => this.#seen([{ contentRect: { width: 1000, height: 600 } }]);
    unobserve() {}
    disconnect() {}
  },
);

// Of the dialogs' library; jsdom has none.
vi.stubGlobal("CSS", { escape: (text: string) => text });

const actions = callActions({ recheckKeys: vi.fn() });

const guard = { asked: false, stay: () => {} };

const me = person({ identity: "p-me", name: "Somebody", kind: "organiser", self: true, audio: undefined });

const state = (given: Partial<CallState> = {}) => callState({ people: [me, person()], ...given });

const view = (shown: CallState) => (
  <LanguageProvider site="en">
    <CallView state={shown} actions={actions} guard={guard} site={undefined} keyMadeHere={false} />
  </LanguageProvider>
);

beforeEach(() => {
  localStorage.setItem("conclave.language", "en");
  Object.defineProperty(document, "fullscreenEnabled", { value: false, configurable: true });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  localStorage.clear();
});

describe("a call", () => {
  it("says that nothing arrives any more, and shows faces in place of pictures that stand still", () => {
    const camera = { sid: "TR_1", state: "encrypted", track: undefined } as const;
    const people = [me, person({ camera })];
    const { rerender, container } = render(view(state({ people })));
    expect(screen.queryByText(/Reconnecting/)).toBeNull();
    expect(container.querySelectorAll("video")).toHaveLength(1);
    rerender(view(state({ people, stalled: true })));
    expect(screen.getByRole("alert").textContent).toContain("Reconnecting");
    expect(container.querySelectorAll("video")).toHaveLength(0);
    expect(screen.getAllByText("AM")).not.toHaveLength(0);
  });

  it("says what the portal knows of each person", () => {
    render(view(state()));
    expect(screen.getByText("Guest")).toBeDefined();
    expect(screen.getByText("Organiser")).toBeDefined();
  });

  it("lets news go after a while", () => {
    vi.useFakeTimers();
    const { rerender } = render(view(state()));
    rerender(view(state({ people: [me] })));
    expect(screen.getByText("Anna Muster left.")).toBeDefined();
    act(() => vi.advanceTimersByTime(8000));
    expect(screen.queryByText("Anna Muster left.")).toBeNull();
  });

  it("names the device that failed and the cause", () => {
    const { rerender } = render(view(state({ deviceFailed: { what: "microphone", why: "denied" } })));
    expect(screen.getByText(/The microphone is blocked/)).toBeDefined();
    rerender(view(state({ deviceFailed: { what: "camera", why: "busy" } })));
    expect(screen.getByText(/The camera is being used by another application/)).toBeDefined();
  });

  it("gives the focus back to the button of the people panel when Escape closes it", () => {
    render(view(state()));
    const button = screen.getByLabelText("People: 2");
    button.focus();
    fireEvent.keyDown(document.body, { key: "p" });
    const panel = screen.getByLabelText("People", { selector: "aside" });
    expect(document.activeElement).toBe(panel);
    fireEvent.keyDown(panel, { key: "Escape" });
    expect(document.activeElement).toBe(button);
  });

  it("says whether the shared screen has sound", () => {
    const sharing = (given: Partial<Person>) =>
      state({
        people: [{ ...me, screen: { sid: "TR_1", state: "encrypted", track: undefined }, ...given }, person({})],
        sending: { microphone: true, camera: true, screen: true },
      });
    const { rerender } = render(view(sharing({})));
    expect(screen.getAllByText(/You are sharing your screen, without sound/)).not.toHaveLength(0);
    rerender(view(sharing({ screenAudio: "encrypted" })));
    expect(screen.queryByText(/without sound/)).toBeNull();
    expect(screen.getAllByText(/You are sharing your screen with its sound/)).not.toHaveLength(0);
  });

  it("moves through its controls by arrow keys", () => {
    render(view(state()));
    const bar = screen.getByLabelText("Call controls");
    const first = screen.getByLabelText("Mute microphone");
    first.focus();
    fireEvent.keyDown(first, { key: "ArrowRight" });
    expect(bar.contains(document.activeElement)).toBe(true);
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Turn camera off");
  });

  it("lets a key that did not match be checked again from the shield", () => {
    render(view(state({ people: [me, person({ audio: "keyMismatch" }), person({ identity: "p-b" })] })));
    fireEvent.click(screen.getByText("Some media is blocked"));
    fireEvent.click(screen.getByText("Check again"));
    expect(actions.recheckKeys).toHaveBeenCalled();
  });
});
