// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PortalError, type RoomState, type Waiter } from "../../../src/api/portal";
import * as chime from "../../../src/call/chime";
import type { CallState, Person } from "../../../src/call/model";
import { CallView } from "../../../src/call/view/CallView";
import type { Lead, LeadActions } from "../../../src/call/view/useLead";
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

const nothing = async () => {};
const leave = vi.fn(nothing);
const actions = callActions({ leave });

const me = person({
  identity: "p-me",
  name: "Olga",
  kind: "organiser",
  role: "organiser",
  self: true,
  audio: undefined,
});
const member = person({ identity: "p-m", name: "Max Mitglied", kind: "member" });

const state = (given: Partial<CallState> = {}) =>
  callState({ people: [me, person(), member], role: "organiser", ...given });

const waiter = (number: number, given: Partial<Waiter> = {}): Waiter => ({
  number,
  name: `Gast ${number}`,
  kind: "guest",
  outside: false,
  since: new Date().toISOString(),
  away: false,
  moved_back: false,
  message: "",
  expected: null,
  note: null,
  ...given,
});

const done = () => ({
  admit: vi.fn(nothing),
  admitAll: vi.fn(nothing),
  deny: vi.fn(nothing),
  tell: vi.fn(nothing),
  mute: vi.fn(nothing),
  grantSpeech: vi.fn(nothing),
  grant: vi.fn(nothing),
  lowerHand: vi.fn(nothing),
  ask: vi.fn(nothing),
  moveBack: vi.fn(nothing),
  setCoOrganiser: vi.fn(nothing),
  remove: vi.fn(nothing),
  setRoom: vi.fn(nothing),
  stop: vi.fn(nothing),
  extend: vi.fn(nothing),
  end: vi.fn(nothing),
});
let lead: { [Name in keyof LeadActions]: ReturnType<typeof vi.fn<LeadActions[Name]>> };

const room = (given: Partial<RoomState> = {}): RoomState => ({
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
  waiting: [waiter(1), waiter(2)],
  people: [],
  version: "1",
  ...given,
});

const view = (shown: CallState, led: RoomState | undefined, leads: Partial<Lead> | null = {}) => (
  <LanguageProvider site="en">
    <CallView
      state={shown}
      actions={actions}
      lead={leads === null ? undefined : { room: led, stale: false, actions: lead, ...leads }}
      guard={{ asked: false, stay: () => {} }}
      site={undefined}
      keyMadeHere={true}
    />
  </LanguageProvider>
);
const openPanel = () => fireEvent.click(screen.getByLabelText(/^People: /, { selector: "button" }));
const press = (element: HTMLElement) => act(async () => fireEvent.click(element));
const item = (words: string) => screen.getByText(words, { selector: "[role=menuitem], [role=menuitem] *" });

beforeEach(() => {
  lead = done();
  localStorage.setItem("conclave.language", "en");
  Object.defineProperty(document, "fullscreenEnabled", { value: false, configurable: true });
  vi.spyOn(chime, "playSignal").mockImplementation(() => {});
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.useRealTimers();
  localStorage.clear();
});

describe("somebody who waits", () => {
  it("is told to those who lead the meeting, in words, in the title bar and by a signal, once", () => {
    const { rerender } = render(view(state(), room({ waiting: [] })));
    expect(document.title).toBe("Call · Conclave");
    expect(chime.playSignal).not.toHaveBeenCalled();
    rerender(view(state(), room()));
    expect(screen.getByText("2 people are waiting to be let in.")).toBeDefined();
    expect(document.title).toBe("(2) Call · Conclave");
    expect(chime.playSignal).toHaveBeenCalledExactlyOnceWith("knock");
    rerender(view(state(), room({ waiting: [waiter(2)] })));
    expect(document.title).toBe("(1) Call · Conclave");
    expect(chime.playSignal).toHaveBeenCalledTimes(1);
  });

  it("is let in from the notice, unless the name is to be looked at first", async () => {
    const { rerender } = render(view(state(), room({ waiting: [waiter(7)] })));
    expect(screen.getByText("Gast 7 is waiting to be let in.")).toBeDefined();
    await press(screen.getByLabelText("Let Gast 7 in"));
    expect(lead.admit).toHaveBeenCalledExactlyOnceWith(7);
    rerender(view(state(), room({ waiting: [waiter(8, { note: "same_name" })] })));
    expect(screen.queryByLabelText("Let Gast 8 in")).toBeNull();
  });

  it("is nobody else's business", () => {
    render(view(state({ role: "participant" }), undefined, null));
    openPanel();
    expect(screen.queryByText(/waiting/i)).toBeNull();
    expect(screen.queryByLabelText(/^Actions for/)).toBeNull();
    expect(screen.queryByRole("switch")).toBeNull();
  });

  it("takes no focus along when the row goes", async () => {
    const { rerender } = render(view(state(), room()));
    openPanel();
    const admit = screen.getByLabelText("Let Gast 2 in");
    admit.focus();
    await press(admit);
    rerender(view(state(), room({ waiting: [waiter(1)] })));
    expect(document.activeElement).toBe(screen.getByLabelText("People", { selector: "aside" }));
  });

  it("is let in, alone or with all others that are seen", async () => {
    render(view(state(), room()));
    await press(screen.getByText("Show"));
    await press(screen.getByLabelText("Let Gast 2 in"));
    expect(lead.admit).toHaveBeenCalledExactlyOnceWith(2);
    await press(screen.getByText("Let all in"));
    expect(lead.admitAll).toHaveBeenCalledExactlyOnceWith([1, 2]);
  });

  it("is not let in, with a word or without", async () => {
    render(view(state(), room()));
    openPanel();
    await press(screen.getByLabelText("More about Gast 1"));
    await press(item("Do not let in"));
    const dialog = screen.getByRole("alertdialog");
    fireEvent.change(within(dialog).getByLabelText("Message (optional)"), { target: { value: " Wrong day. " } });
    await press(within(dialog).getByText("Do not let in"));
    expect(lead.deny).toHaveBeenCalledExactlyOnceWith(1, { message: "Wrong day.", ban: false });
    expect(screen.queryByRole("alertdialog")).toBeNull();
  });

  it("reads what an organiser writes", async () => {
    render(view(state(), room()));
    openPanel();
    await press(screen.getByLabelText("More about Gast 2"));
    await press(item("Send a message"));
    const dialog = screen.getByRole("dialog");
    fireEvent.change(within(dialog).getByLabelText("Message"), { target: { value: "Five minutes." } });
    await press(within(dialog).getByText("Send"));
    expect(lead.tell).toHaveBeenCalledExactlyOnceWith(2, "Five minutes.");
  });

  it("whose name is somebody else's is marked", () => {
    render(view(state(), room({ waiting: [waiter(1, { note: "lookalike", outside: true, away: true })] })));
    openPanel();
    expect(screen.getByText("This name looks like that of somebody in this meeting.")).toBeDefined();
    expect(screen.getByText(/from outside · page closed or connection lost/)).toBeDefined();
  });

  it("is not lost when the portal refuses: the reason is said", async () => {
    lead.admit.mockRejectedValue(new PortalError(404, "person_not_found"));
    render(view(state(), room()));
    openPanel();
    await press(screen.getByLabelText("Let Gast 1 in"));
    expect(screen.getByText("This person is not there any more.")).toBeDefined();
  });
});

describe("an organiser", () => {
  const menuOf = async (name: string) => {
    openPanel();
    await press(screen.getByLabelText(`Actions for ${name}`));
  };

  it("mutes somebody", async () => {
    render(view(state(), room()));
    await menuOf("Anna Muster");
    await press(item("Mute microphone"));
    expect(lead.mute).toHaveBeenCalledExactlyOnceWith("p-a", "microphone");
  });

  it("is asked before somebody is removed, and says whether for good", async () => {
    render(view(state(), room()));
    await menuOf("Anna Muster");
    await press(item("Remove"));
    expect(lead.remove).not.toHaveBeenCalled();
    const dialog = screen.getByRole("alertdialog", { name: "Remove Anna Muster from the meeting?" });
    await press(within(dialog).getByRole("checkbox"));
    await press(within(dialog).getByText("Remove"));
    expect(lead.remove).toHaveBeenCalledExactlyOnceWith("p-a", { ban: true });
  });

  it("sees in the dialog why somebody could not be removed, and can try again", async () => {
    lead.remove.mockRejectedValueOnce(new PortalError(503, "media_unavailable"));
    render(view(state(), room()));
    await menuOf("Anna Muster");
    await press(item("Remove"));
    const dialog = screen.getByRole("alertdialog");
    await press(within(dialog).getByText("Remove"));
    expect(within(dialog).getByText(/media server is temporarily unavailable/)).toBeDefined();
    await press(within(dialog).getByText("Remove"));
    expect(lead.remove).toHaveBeenCalledTimes(2);
    expect(screen.queryByRole("alertdialog")).toBeNull();
  });

  it("sends somebody back to the lobby", async () => {
    render(view(state(), room()));
    await menuOf("Anna Muster");
    await press(item("Move to the lobby"));
    expect(lead.moveBack).toHaveBeenCalledExactlyOnceWith("p-a");
  });

  it("makes co-organisers of people with an account only", async () => {
    render(view(state(), room()));
    await menuOf("Anna Muster");
    expect(screen.queryByText("Make co-organiser")).toBeNull();
    fireEvent.keyDown(screen.getByRole("menu"), { key: "Escape" });
    await press(screen.getByLabelText("Actions for Max Mitglied"));
    await press(item("Make co-organiser"));
    expect(lead.setCoOrganiser).toHaveBeenCalledExactlyOnceWith("p-m", true);
  });

  it("is nobody whom a co-organiser can send out", () => {
    const co = person({ identity: "p-co", name: "Cora", kind: "member", role: "co_organiser", self: true });
    render(view(state({ role: "co_organiser", people: [co, { ...me, self: false }, member] }), room()));
    openPanel();
    expect(screen.queryByLabelText("Actions for Olga")).toBeNull();
    expect(screen.getByLabelText("Actions for Max Mitglied")).toBeDefined();
    expect(screen.getByText("Co-organiser")).toBeDefined();
  });

  it("locks the meeting and closes the floor", async () => {
    render(view(state(), room()));
    openPanel();
    await press(screen.getByRole("switch", { name: /Lock the meeting/ }));
    expect(lead.setRoom).toHaveBeenLastCalledWith({ locked: true });
    await press(screen.getByRole("switch", { name: /Everybody may speak/ }));
    expect(lead.setRoom).toHaveBeenLastCalledWith({ floor_open: false });
  });

  it("lets one person speak while the floor is closed", async () => {
    const people = [me, person({ maySpeak: false, microphone: false })];
    render(view(state({ people }), room({ floor_open: false })));
    await menuOf("Anna Muster");
    expect(screen.queryByText("Mute microphone")).toBeNull();
    await press(item("Let speak"));
    expect(lead.grantSpeech).toHaveBeenCalledExactlyOnceWith("p-a", true);
  });

  it("takes the word from one person although the floor is open", async () => {
    render(view(state(), room()));
    await menuOf("Anna Muster");
    await press(item("Do not let speak"));
    expect(lead.grantSpeech).toHaveBeenCalledExactlyOnceWith("p-a", false);
  });

  it("leaves alone, or ends the meeting for everybody after a question", async () => {
    render(view(state(), room()));
    await press(screen.getByLabelText("Leave", { selector: "button" }));
    await press(item("End for everybody"));
    expect(lead.end).not.toHaveBeenCalled();
    await press(within(screen.getByRole("alertdialog")).getByText("End for everybody"));
    expect(lead.end).toHaveBeenCalledOnce();
    await press(screen.getByLabelText("Leave", { selector: "button" }));
    await press(item("Leave meeting"));
    expect(leave).toHaveBeenCalledOnce();
  });

  it("is told when the list may be out of date", () => {
    render(view(state(), room(), { stale: true }));
    openPanel();
    expect(screen.getByText(/may be out of date/)).toBeDefined();
  });
});

describe("a closed floor", () => {
  it("is seen on the microphone's button, and said in words", () => {
    const silent = { microphone: false, camera: true, screen: false };
    render(view(state({ role: "participant", maySpeak: false, sending: silent }), undefined, null));
    const button = screen.getByLabelText<HTMLButtonElement>("Floor closed");
    expect(button.disabled).toBe(true);
    expect(screen.getByText(/^You cannot speak now/)).toBeDefined();
  });

  it("says when it is opened", () => {
    const { rerender } = render(view(state({ role: "participant", maySpeak: false }), undefined, null));
    rerender(view(state({ role: "participant" }), undefined, null));
    expect(screen.getByText("You may speak now. Your microphone is still off.")).toBeDefined();
  });
});

describe("whoever joins", () => {
  const together = (...who: Person[]) => view(state({ people: [me, ...who] }), room({ waiting: [] }));

  it("is seen and heard by everybody, however many come at once", () => {
    vi.useFakeTimers();
    const { rerender } = render(together(person({})));
    expect(chime.playSignal).not.toHaveBeenCalled();
    rerender(
      together(person({}), person({ identity: "p-b", name: "Berta" }), person({ identity: "p-c", name: "Carl" })),
    );
    const list = screen.getByLabelText("Joined");
    expect(list.textContent).toContain("Berta joined.");
    expect(list.textContent).toContain("Carl joined.");
    expect(screen.getByText("Berta joined. Carl joined.").getAttribute("role")).toBe("status");
    expect(chime.playSignal).toHaveBeenCalledExactlyOnceWith("arrival");
    act(() => vi.advanceTimersByTime(8000));
    expect(screen.queryByLabelText("Joined")).toBeNull();
  });

  it("is seen also where signals are turned off, which is remembered", async () => {
    const { rerender, unmount } = render(together());
    await press(screen.getByLabelText("More"));
    await press(item("Turn signals off"));
    rerender(together(person({})));
    expect(chime.playSignal).not.toHaveBeenCalled();
    expect(screen.getByLabelText("Joined").textContent).toContain("Anna Muster joined.");
    unmount();
    render(together());
    await press(screen.getByLabelText("More"));
    expect(item("Turn signals on")).toBeDefined();
  });
});
