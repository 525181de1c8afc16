// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CallState, VideoFeed } from "../../../src/call/model";
import { CallView } from "../../../src/call/view/CallView";
import { viewChoices } from "../../../src/call/view/viewChoices";
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

const picture: VideoFeed = { sid: "TR_1", state: "encrypted", track: undefined };
const me = person({ identity: "p-me", name: "Somebody", kind: "organiser", self: true, audio: undefined });
const anna = person({ camera: picture });
const ben = person({ identity: "p-b", name: "Ben Beispiel", kind: "member" });
const actions = callActions();

const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
queries.setQueryData(["levels"], { levels: [] });

const view = (given: Partial<CallState> = {}, level?: string) => (
  <QueryClientProvider client={queries}>
    <LanguageProvider site="en">
      <CallView
        state={callState({ people: [me, anna, ben], ...given })}
        actions={actions}
        level={level}
        guard={{ asked: false, stay: () => {} }}
        site={undefined}
        keyMadeHere={false}
      />
    </LanguageProvider>
  </QueryClientProvider>
);

const choose = (item: string) => {
  fireEvent.click(screen.getByRole("button", { name: "More" }));
  fireEvent.click(screen.getByRole("menuitem", { name: item }));
};
const large = () => document.querySelector(".focus-large figure")?.getAttribute("aria-label") ?? "";

beforeEach(() => {
  localStorage.setItem("conclave.language", "en");
  Object.defineProperty(document, "fullscreenEnabled", { value: false, configurable: true });
});
afterEach(() => {
  cleanup();
  localStorage.clear();
  Reflect.deleteProperty(window, "documentPictureInPicture");
});

describe("the view of a call", () => {
  it("keeps large whom somebody chose, before a shared screen, until that is undone", () => {
    const { rerender } = render(view());
    expect(large()).toBe("");
    fireEvent.click(screen.getByRole("button", { name: "Keep Ben Beispiel large" }));
    expect(large()).toContain("Ben Beispiel");
    rerender(view({ people: [me, { ...anna, speaking: true, screen: { ...picture, sid: "TR_2" } }, ben] }));
    expect(large()).toContain("Ben Beispiel");
    expect(screen.getByRole("button", { name: "Keep Anna Muster’s screen large" })).toBeDefined();
    fireEvent.click(screen.getByRole("button", { name: "Stop keeping Ben Beispiel large" }));
    expect(large()).toContain("Anna Muster’s screen");
    // Whoever was kept large and leaves takes nothing along.
    fireEvent.click(screen.getByRole("button", { name: "Keep Ben Beispiel large" }));
    rerender(view({ people: [me, anna] }));
    expect(large()).toBe("");
  });

  it("costs the Tab key one stop, however many tiles there are: arrow keys move among them", () => {
    render(view());
    const first = screen.getByLabelText("Keep Somebody (you) large");
    first.focus();
    fireEvent.keyDown(first, { key: "ArrowRight" });
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Keep Anna Muster large");
    expect(screen.getByLabelText("Participants’ video").contains(document.activeElement)).toBe(true);
  });

  it("is remembered for the next call, and what is stored in its place does no harm", () => {
    render(view());
    choose("Speaker view");
    choose("Hide my own video");
    cleanup();
    expect(viewChoices()).toEqual({ layout: "speaker", selfView: false, watermark: false });
    render(view());
    expect(large()).toContain("Anna Muster");
    expect(screen.queryByRole("figure", { name: /^Somebody/ })).toBeNull();
    localStorage.setItem("conclave.view", '{"layout":"cinema","selfView":"no"}');
    expect(viewChoices()).toEqual({ layout: "grid", selfView: true, watermark: false });
    localStorage.setItem("conclave.view", "[");
    expect(viewChoices().layout).toBe("grid");
  });

  it("leaves the own video out and the own shared screen in", () => {
    localStorage.setItem("conclave.view", '{"selfView":false}');
    render(view({ people: [{ ...me, camera: picture, screen: { ...picture, sid: "TR_2" } }, anna, ben] }));
    expect(large()).toContain("Your screen");
    expect(screen.queryByRole("figure", { name: /^Somebody/ })).toBeNull();
  });

  it("shows no name once names are hidden, and the same number for the same person", () => {
    const { rerender } = render(view({ people: [me, anna] }));
    rerender(view());
    expect(screen.getAllByText("Ben Beispiel joined.")).not.toHaveLength(0);
    choose("Hide names");
    expect(screen.getAllByText("Person 3 joined.")).not.toHaveLength(0);
    fireEvent.click(screen.getByRole("button", { name: "People: 3" }));
    expect(document.body.textContent).not.toMatch(/Anna|Ben|Somebody/);
    expect(document.body.innerHTML).not.toMatch(/Anna|Ben|Somebody/);
    expect(screen.getAllByText(/Person 3/)).not.toHaveLength(0);
    rerender(view({ people: [me, ben] }));
    expect(screen.getAllByText(/Person 3/)).not.toHaveLength(0);
    expect(screen.queryAllByText("Person 2")).toHaveLength(0);
    choose("Show names");
    expect(screen.getAllByText(/Ben Beispiel/)).not.toHaveLength(0);
  });

  it("offers a watermark with the viewer's name and the time from level internal on, also while names are hidden", () => {
    const { rerender } = render(view({}, "standard"));
    fireEvent.click(screen.getByRole("button", { name: "More" }));
    expect(screen.queryByRole("menuitem", { name: /watermark/ })).toBeNull();
    fireEvent.keyDown(screen.getByRole("menu"), { key: "Escape" });
    rerender(view({}, "internal"));
    choose("Turn watermark on");
    choose("Hide names");
    const mark = document.querySelector(".watermark");
    expect(mark?.textContent).toMatch(/Somebody · .*\d:\d\d/);
    expect(mark?.getAttribute("aria-hidden")).toBe("true");
    rerender(view({}, "standard"));
    expect(document.querySelector(".watermark")).toBeNull();
  });

  it("says so where the browser has no picture-in-picture", () => {
    render(view());
    fireEvent.click(screen.getByRole("button", { name: "More" }));
    const item = screen.getByRole("menuitem", { name: "Picture-in-picture: not available in this browser" });
    expect(item.getAttribute("aria-disabled")).toBe("true");
  });

  it("goes on in a window of its own, with who speaks, the news and the switches, and without the meeting's name", async () => {
    const frame = document.body.appendChild(document.createElement("iframe"));
    const small = frame.contentWindow as Window;
    const close = vi.spyOn(small, "close").mockImplementation(() => {});
    window.documentPictureInPicture = { requestWindow: async () => small };
    const toggle = vi.fn(async () => {});
    const shown = (people = [me, { ...anna, speaking: true }, ben]) => (
      <LanguageProvider site="en">
        <CallView
          state={callState({ people })}
          actions={callActions({ toggle })}
          guard={{ asked: false, stay: () => {} }}
          site={undefined}
          keyMadeHere={false}
        />
      </LanguageProvider>
    );
    const { rerender, unmount } = render(shown());
    choose("Picture-in-picture");
    // The window is opened asynchronously.
    await act(async () => {});
    const inside = within(small.document.body);
    expect(small.document.title).toBe("Call");
    expect(inside.getByRole("figure", { name: /^Anna Muster/ })).toBeDefined();
    fireEvent.click(inside.getByRole("button", { name: "Mute microphone" }));
    expect(toggle).toHaveBeenCalledWith("microphone");
    rerender(shown([me, { ...anna, speaking: true }, ben, person({ identity: "p-c", name: "Cem Coşkun" })]));
    expect(inside.getByRole("status").textContent).toContain("Cem Coşkun joined.");
    unmount();
    expect(close).toHaveBeenCalled();
    frame.remove();
  });

  it("carries neither the meeting's id, its link nor its PIN, in the page or in its title", () => {
    history.replaceState(null, "", "/m/5f0c1f9d-6f07-4a0c-9a4c-0a4f1a2b3c4d#k=abcdefghijkl");
    render(view({}, "internal"));
    fireEvent.click(screen.getByRole("button", { name: "People: 3" }));
    for (const seen of [document.title, document.body.innerHTML]) {
      expect(seen).not.toContain("5f0c1f9d");
      expect(seen).not.toContain("abcdefghijkl");
      expect(seen).not.toMatch(/\d{8}/);
    }
    expect(document.title).toMatch(/^Call/);
    history.replaceState(null, "", "/");
  });
});
