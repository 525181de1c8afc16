// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useSyncExternalStore } from "react";
import { createMemoryRouter, Navigate, RouterProvider } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CallSession } from "../../../src/call/CallSession";
import { Call } from "../../../src/call/view/Call";
import { newMeetingKey } from "../../../src/e2ee/meetingKey";
import { LanguageProvider } from "../../../src/i18n";
import { EndedPage } from "../../../src/pages/EndedPage";
import { forgetLeft, rememberLeft } from "../../../src/pages/join/lastLeft";
import { callState, person } from "../standIns";

vi.stubGlobal(
  "ResizeObserver",
  class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
);
// Of the dialogs' library; jsdom has none.
vi.stubGlobal("CSS", { escape: (text: string) => text });

const ID = "AAAAAAAAAAAAAAAAAAAA-1";

const me = person({ identity: "p-me", name: "Somebody", kind: "organiser", self: true, audio: undefined });
const running = callState({ people: [me] });

/** As much of a call as its view needs: one that is left is over. */
class StandIn {
  #state = running;
  #changed = () => {};
  readonly toggle = vi.fn();
  readonly enlarge = vi.fn();
  readonly noise = { set: vi.fn() };
  readonly microphone = () => undefined;
  readonly subscribe = (listener: () => void) => {
    this.#changed = listener;
    return () => {};
  };
  readonly state = () => this.#state;
  readonly setMicrophone = vi.fn();
  readonly leave = vi.fn(async () => {
    this.#state = { ...running, phase: "ended", ended: "left" };
    rememberLeft({ id: ID, key: newMeetingKey(), credentials: undefined, place: undefined });
    this.#changed();
  });
}

function Meeting({ call }: { call: StandIn }) {
  const { ended } = useSyncExternalStore(call.subscribe, call.state);
  if (ended) return <Navigate to="/ended" replace state={{ reason: ended }} />;
  return <Call id={ID} call={call as unknown as CallSession} site={undefined} keyMadeHere={true} />;
}

function startedFromTheList() {
  const call = new StandIn();
  const router = createMemoryRouter(
    [
      { path: "/", element: <p>the list</p> },
      { path: "/m/:id", element: <Meeting call={call} /> },
      { path: "/ended", element: <EndedPage /> },
    ],
    { initialEntries: ["/", `/m/${ID}`] },
  );
  const page = render(
    <QueryClientProvider client={new QueryClient()}>
      <LanguageProvider site="en">
        <RouterProvider router={router} />
      </LanguageProvider>
    </QueryClientProvider>,
  );
  return { call, router, unmount: page.unmount, back: () => act(() => router.navigate(-1)) };
}

beforeEach(() => {
  localStorage.setItem("conclave.language", "en");
  Object.defineProperty(document, "fullscreenEnabled", { value: false, configurable: true });
});
afterEach(() => {
  cleanup();
  forgetLeft();
  localStorage.clear();
});

describe("a call that was started from the list", () => {
  it("asks before Back leaves it, and stays", async () => {
    const { call, router, back } = startedFromTheList();
    const before = screen.getByLabelText("Mute microphone");
    before.focus();
    await back();
    expect(screen.queryByText("the list")).toBeNull();
    expect(screen.getByRole("alertdialog", { name: "Leave the meeting?" })).toBeDefined();
    const stay = screen.getByText("Stay");
    expect(document.activeElement).toBe(stay);
    fireEvent.keyDown(stay, { key: "m" });
    expect(call.toggle).not.toHaveBeenCalled();
    fireEvent.click(stay);
    expect(screen.queryByRole("alertdialog")).toBeNull();
    expect(router.state.location.pathname).toBe(`/m/${ID}`);
    expect(call.leave).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(document.activeElement).toBe(before));
  });

  it("takes Escape for staying, and asks again the next time", async () => {
    const { call, back } = startedFromTheList();
    await back();
    fireEvent.keyDown(screen.getByText("Stay"), { key: "Escape" });
    expect(screen.queryByRole("alertdialog")).toBeNull();
    await back();
    expect(screen.getByRole("alertdialog")).toBeDefined();
    expect(call.leave).not.toHaveBeenCalled();
  });

  it("offers to join again once Back was meant", async () => {
    const { call, back } = startedFromTheList();
    await back();
    await act(async () => fireEvent.click(screen.getByText("Leave", { selector: "[role=alertdialog] button" })));
    expect(call.leave).toHaveBeenCalledOnce();
    expect(screen.getByText("Join again")).toBeDefined();
    await back();
    expect(screen.getByText("the list")).toBeDefined();
  });
});

describe("a call", () => {
  it("asks before its page is closed", () => {
    const { unmount } = startedFromTheList();
    const closing = () => {
      const event = new Event("beforeunload", { cancelable: true });
      window.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(closing()).toBe(true);
    unmount();
    expect(closing()).toBe(false);
  });
});
