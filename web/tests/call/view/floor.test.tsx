// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PortalError, type RoomState } from "../../../src/api/portal";
import { questionOf, timeOf } from "../../../src/call/attributes";
import { handsOf } from "../../../src/call/hands";
import type { CallState } from "../../../src/call/model";
import { CallView } from "../../../src/call/view/CallView";
import { stoppedIn } from "../../../src/call/view/stopping";
import type { LeadActions } from "../../../src/call/view/useLead";
import { LanguageProvider } from "../../../src/i18n";
import { callActions, callState, person } from "../standIns";

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

const NAMES = [
  "admit",
  "admitAll",
  "deny",
  "tell",
  "mute",
  "grantSpeech",
  "grant",
  "lowerHand",
  "ask",
  "moveBack",
] as const;
const MORE = ["setCoOrganiser", "remove", "setRoom", "stop", "extend", "end"] as const;
const leadActions = () =>
  Object.fromEntries([...NAMES, ...MORE].map((name) => [name, vi.fn(async () => {})])) as unknown as {
    [Name in keyof LeadActions]: ReturnType<typeof vi.fn<LeadActions[Name]>>;
  };
let lead = leadActions();
let own = { raiseHand: vi.fn(async () => {}), answer: vi.fn(async () => {}) };
let toggle = vi.fn(async () => {});

const me = person({ identity: "p-me", name: "Olga", kind: "organiser", role: "organiser", self: true });
const anna = person({ identity: "p-a", name: "Anna", microphone: false });

const room = (given: Partial<RoomState> = {}): RoomState => ({
  version: "1",
  locked: false,
  floor_open: true,
  floor_waits: false,
  missing: [],
  cameras_open: true,
  sharing_open: true,
  chat_open: true,
  sharing: "everybody",
  ends_at: "2126-11-30T15:00:00Z",
  closes_at: "2126-11-30T17:00:00Z",
  waiting: [],
  people: [],
  ...given,
});
const inside = (given: Partial<RoomState["people"][number]>): RoomState["people"][number] => ({
  identity: "p-a",
  name: "Anna",
  kind: "guest",
  role: "participant",
  outside: false,
  since: null,
  speech: true,
  camera: true,
  screen: true,
  muted_by: null,
  hand: null,
  asked: null,
  agreed: null,
  account: false,
  note: null,
  ...given,
});

const view = (given: Partial<CallState> = {}, led?: RoomState) => (
  <LanguageProvider site="en">
    <CallView
      state={callState({ people: [me, anna], ...given })}
      actions={callActions({ toggle })}
      lead={led && { room: led, stale: false, actions: lead }}
      own={own}
      guard={{ asked: false, stay: () => {} }}
      site={undefined}
      keyMadeHere={true}
    />
  </LanguageProvider>
);
const press = (element: HTMLElement) => act(async () => fireEvent.click(element));
const button = (name: string) => screen.getByRole("button", { name });
const openPanel = () => fireEvent.click(screen.getByLabelText(/^People: /, { selector: "button" }));

beforeEach(() => {
  lead = leadActions();
  own = { raiseHand: vi.fn(async () => {}), answer: vi.fn(async () => {}) };
  toggle = vi.fn(async () => {});
  localStorage.setItem("conclave.language", "en");
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  localStorage.clear();
});

describe("stopping everything", () => {
  it("is one press of those who lead, and nobody else's", async () => {
    const { rerender } = render(view({ role: "organiser" }, room()));
    await press(button("Stop everything"));
    expect(lead.stop).toHaveBeenCalledOnce();
    rerender(view());
    expect(screen.queryByRole("button", { name: "Stop everything" })).toBeNull();
  });

  it("shows what is stopped, and gives each back alone", async () => {
    const stopped = { locked: true, floor_open: false, cameras_open: false, sharing_open: false, chat_open: false };
    const { rerender } = render(view({ role: "organiser" }, room(stopped)));
    expect(screen.getByText(/microphones, cameras, screen sharing, chat, entry/)).toBeDefined();
    await press(button("Allow cameras"));
    expect(lead.setRoom).toHaveBeenLastCalledWith({ cameras_open: true });
    await press(button("Unlock entry"));
    expect(lead.setRoom).toHaveBeenLastCalledWith({ locked: false });
    rerender(view({ role: "organiser" }, room()));
    expect(screen.queryByText(/Stopped for everybody/)).toBeNull();
  });

  it("is not what a locked door or a closed floor alone is", () => {
    expect(stoppedIn(room({ locked: true, floor_open: false }))).toEqual([]);
    expect(stoppedIn(room({ sharing_open: false, sharing: "granted" }))).toEqual([]);
    expect(stoppedIn(room({ locked: true, chat_open: false }))).toEqual(["chat_open", "locked"]);
  });

  it("tells whoever may send no video, on the button and in words", () => {
    render(view({ mayFilm: false }));
    expect(screen.getByText(/Your camera stays off/)).toBeDefined();
    expect((button("Cameras closed") as HTMLButtonElement).disabled).toBe(true);
  });
});

describe("a hand", () => {
  it("is raised and lowered in the bar, which says whether it is up", async () => {
    const { rerender } = render(view());
    await press(button("Raise hand"));
    expect(own.raiseHand).toHaveBeenLastCalledWith(true);
    rerender(view({ people: [{ ...me, hand: new Date() }, anna] }));
    expect(screen.getByText("Your hand is up. The organisers see it.")).toBeDefined();
    await press(button("Lower hand"));
    expect(own.raiseHand).toHaveBeenLastCalledWith(false);
  });

  it("is announced, and hands are in the order of the portal", () => {
    const { rerender } = render(view());
    rerender(view({ people: [me, { ...anna, hand: new Date(5) }] }));
    expect(screen.getByText("Anna raised a hand.")).toBeDefined();
    const up = [person({ identity: "p-2", hand: new Date(2) }), anna, person({ identity: "p-1", hand: new Date(1) })];
    expect(handsOf(up).map(({ identity }) => identity)).toEqual(["p-1", "p-2"]);
  });

  it("comes first in the panel, from where the word is given", async () => {
    const up = { ...anna, hand: new Date(), maySpeak: false };
    render(view({ people: [me, up], role: "organiser" }, room({ floor_open: false })));
    openPanel();
    const list = within(screen.getByRole("region", { name: "Raised hands" }));
    await press(list.getByRole("button", { name: "Let Anna speak" }));
    expect(lead.grantSpeech).toHaveBeenCalledExactlyOnceWith("p-a", true);
    await press(list.getByRole("button", { name: "Lower the hand of Anna" }));
    expect(lead.lowerHand).toHaveBeenCalledExactlyOnceWith("p-a");
  });
});

describe("a question of an organiser", () => {
  const question = { what: "camera", at: "2026-11-30T14:02:00.000Z" } as const;

  it("switches nothing on by itself", async () => {
    render(view({ question, sending: { microphone: false, camera: false, screen: false } }));
    expect(toggle).not.toHaveBeenCalled();
    await press(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Not now" }));
    expect(own.answer).toHaveBeenCalledExactlyOnceWith("camera", false);
    expect(toggle).not.toHaveBeenCalled();
  });

  it("is answered by switching on, and the organiser is told before", async () => {
    render(view({ question, sending: { microphone: false, camera: false, screen: false } }));
    await press(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Turn camera on" }));
    expect(own.answer).toHaveBeenCalledExactlyOnceWith("camera", true);
    expect(toggle).toHaveBeenCalledExactlyOnceWith("camera");
  });

  it("is closed by whoever does not want to answer, though the portal does not hear it, and is not asked again", async () => {
    own.answer.mockRejectedValue(new PortalError(404, "not_found"));
    const { rerender } = render(view({ question }));
    await press(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Not now" }));
    expect(screen.queryByRole("alertdialog")).toBeNull();
    rerender(view());
    rerender(view({ question }));
    expect(screen.queryByRole("alertdialog")).toBeNull();
    rerender(view({ question: { ...question, at: "2026-11-30T14:03:00.000Z" } }));
    expect(screen.getByRole("alertdialog")).toBeDefined();
  });

  it("can be closed after the portal refused a yes, which then counts as no answer", async () => {
    own.answer.mockRejectedValue(new PortalError(404, "not_found"));
    render(view({ question }));
    await press(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Turn camera on" }));
    await press(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("alertdialog")).toBeNull();
    expect(own.answer).toHaveBeenCalledExactlyOnceWith("camera", true);
    expect(toggle).not.toHaveBeenCalled();
  });

  it("that was closed while the portal was silent switches nothing on when the yes arrives", async () => {
    let arrived = () => {};
    own.answer.mockImplementationOnce(() => new Promise<void>((done) => (arrived = done)));
    render(view({ question, sending: { microphone: false, camera: false, screen: false } }));
    await press(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Turn camera on" }));
    await press(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Not now" }));
    await act(async () => arrived());
    expect(own.answer).toHaveBeenLastCalledWith("camera", false);
    expect(toggle).not.toHaveBeenCalled();
  });

  it("is asked from the person's menu, and its answer is seen there", async () => {
    const { rerender } = render(view({ role: "organiser" }, room()));
    openPanel();
    fireEvent.click(screen.getByLabelText("Actions for Anna"));
    await press(screen.getByText("Ask to show the face"));
    expect(lead.ask).toHaveBeenCalledExactlyOnceWith("p-a", "camera");
    rerender(view({ role: "organiser" }, room({ people: [inside({ asked: "camera" })] })));
    expect(screen.getByText("asked to show the face")).toBeDefined();
    rerender(view({ role: "organiser" }, room({ people: [inside({ asked: "camera", agreed: false })] })));
    expect(screen.getByText("did not agree to show the face")).toBeDefined();
  });

  it("is read from an attribute only in the portal's form", () => {
    expect(questionOf(`camera ${question.at}`)).toEqual(question);
    for (const wrong of [undefined, "", "camera", "camera soon", `screen ${question.at}`]) {
      expect(questionOf(wrong)).toBeUndefined();
    }
    expect(timeOf("soon")).toBeUndefined();
  });
});

describe("sharing a screen", () => {
  it("is granted from the person's menu where the level lets organisers grant it", async () => {
    const { rerender } = render(
      view({ people: [me, { ...anna, mayShare: false }], role: "organiser" }, room({ sharing: "granted" })),
    );
    openPanel();
    fireEvent.click(screen.getByLabelText("Actions for Anna"));
    await press(screen.getByText("Let share a screen"));
    expect(lead.grant).toHaveBeenCalledExactlyOnceWith("p-a", "screen", true);
    rerender(view({ people: [me, { ...anna, mayShare: false }], role: "organiser" }, room({ sharing: "organiser" })));
    fireEvent.click(screen.getByLabelText("Actions for Anna"));
    expect(screen.queryByText("Let share a screen")).toBeNull();
  });
});

describe("the end", () => {
  it("is told to those who lead five minutes before, with an extension", async () => {
    vi.useFakeTimers({ now: new Date("2026-11-30T14:50:00Z") });
    render(view({ role: "organiser" }, room({ ends_at: "2026-11-30T15:00:00Z" })));
    expect(screen.queryByText(/planned to end/)).toBeNull();
    act(() => vi.advanceTimersByTime(5 * 60_000));
    expect(screen.getByText(/planned to end/)).toBeDefined();
    await press(button("Extend by 15 minutes"));
    expect(lead.extend).toHaveBeenCalledExactlyOnceWith(15);
    await press(button("Dismiss"));
    expect(screen.queryByText(/planned to end/)).toBeNull();
  });

  it("of the link is told to everybody", () => {
    vi.useFakeTimers({ now: new Date("2026-11-30T14:50:00Z") });
    render(view({ closesAt: new Date("2026-11-30T14:54:00Z") }));
    expect(screen.getByText(/link of this meeting ends/)).toBeDefined();
    expect(screen.queryByRole("button", { name: /Extend/ })).toBeNull();
  });
});
