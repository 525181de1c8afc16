// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chat } from "../../../src/call/data/Chat";
import { Files } from "../../../src/call/data/Files";
import type { Sender, Wire } from "../../../src/call/data/feature";
import type { DataState, MeetingData } from "../../../src/call/data/MeetingData";
import { type Message, newId } from "../../../src/call/data/message";
import { Polls } from "../../../src/call/data/Polls";
import { Reactions } from "../../../src/call/data/Reactions";
import { partsOf } from "../../../src/call/data/view/links";
import { CallView } from "../../../src/call/view/CallView";
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
vi.stubGlobal("CSS", { escape: (text: string) => text });

const me: Sender = { identity: "p-me", name: "Somebody", role: "organiser", self: true };
const anna: Sender = { identity: "p-a", name: "Anna Muster", role: "co_organiser", self: false };

/** What members tell each other, without a meeting. */
function told(mayWrite = true) {
  const listeners = new Set<() => void>();
  let now: DataState;
  const sent: Message[] = [];
  const wire: Wire = {
    send: async (message) => void sent.push(message),
    me: () => me,
    isPresent: () => true,
    mayWrite: () => mayWrite,
    changed: () => {
      now = { mayWrite, ...chat.state(), ...files.state(), ...polls.state(), ...reactions.state() };
      for (const listener of listeners) listener();
    },
  };
  const [chat, files, polls, reactions] = [new Chat(wire), new Files(wire), new Polls(wire), new Reactions(wire)];
  files.allowed = true;
  wire.changed();
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const data = { chat, files, polls, reactions, subscribe, state: () => now } as unknown as MeetingData;
  const hear = (message: Message, from = anna) =>
    act(() => {
      for (const feature of [chat, files, polls, reactions]) feature.receive(message, from, new Uint8Array());
    });
  return { data, sent, hear };
}

const state = callState({
  role: "organiser",
  people: [person({ identity: "p-me", name: "Somebody", self: true }), person()],
});

function show(data: MeetingData) {
  const guard = { asked: false, stay: () => {} };
  return render(
    <LanguageProvider site="en">
      <CallView state={state} actions={callActions()} data={data} guard={guard} site={undefined} keyMadeHere={false} />
    </LanguageProvider>,
  );
}

const clean = async (container: Element) => {
  const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
};

beforeEach(() => {
  localStorage.setItem("conclave.language", "en");
  Object.defineProperty(document, "fullscreenEnabled", { value: false, configurable: true });
});
afterEach(() => {
  cleanup();
  localStorage.clear();
});

describe("the chat", () => {
  it("counts what was not read, says who wrote, and shows text as text", async () => {
    const { data, hear, sent } = told();
    const { container } = show(data);
    hear({ kind: "chat", id: newId(), text: "<img src=x onerror=alert(1)> see https://example.org/a?b=1." });
    expect(screen.getByText("New message from Anna Muster.")).toBeDefined();
    fireEvent.click(screen.getByLabelText("Chat, unread: 1"));
    const panel = screen.getByLabelText("Chat", { selector: "aside" });
    expect(document.activeElement).toBe(panel);
    expect(screen.queryByLabelText("Chat, unread: 1")).toBeNull();
    expect(panel.querySelector("img")).toBeNull();
    const open = vi.spyOn(window, "open").mockReturnValue(null);
    fireEvent.click(within(panel).getByText("https://example.org/a?b=1"));
    expect(open).toHaveBeenCalledWith("https://example.org/a?b=1", "_blank", "noopener,noreferrer");
    const box = within(panel).getByLabelText("Message");
    fireEvent.change(box, { target: { value: "Hello" } });
    fireEvent.keyDown(box, { key: "Enter" });
    await waitFor(() => expect(within(panel).getByText("Hello")).toBeDefined());
    expect(sent.map(({ kind }) => kind)).toEqual(["chat"]);
    await clean(container);
  });

  it("sends letters as they are typed only when that is wanted, and shows those of others apart", async () => {
    const { data, hear, sent } = told();
    show(data);
    fireEvent.click(screen.getByLabelText("Chat"));
    const box = screen.getByLabelText("Message");
    fireEvent.change(box, { target: { value: "not yet" } });
    expect(sent).toEqual([]);
    fireEvent.click(screen.getByLabelText(/Real-time text/));
    expect(sent).toMatchObject([{ kind: "line", text: "not yet" }]);
    hear({ kind: "line", id: newId(), text: "Hel" });
    const lines = screen.getByLabelText("Being typed now");
    expect(lines.textContent).toContain("Anna Muster is typing");
    expect(lines.textContent).toContain("Hel");
  });

  it("offers files to be saved, says that nobody has checked them, and is closed to those who may not write", async () => {
    const { data, hear } = told(false);
    const { container } = show(data);
    fireEvent.click(screen.getByLabelText("Chat"));
    const offer = { id: newId(), name: "a\u202efdp.exe", size: 1_500_000, type: "", hash: "0".repeat(64) };
    hear({ kind: "offer", ...offer });
    expect(screen.getByLabelText("Save a_fdp.exe")).toBeDefined();
    expect(screen.getByText("1.5 MB")).toBeDefined();
    expect(screen.getByText("Nobody has checked this file for malware.")).toBeDefined();
    expect(screen.getByText("Chat is switched off for you at the moment.")).toBeDefined();
    expect(screen.queryByLabelText("Message")).toBeNull();
    await clean(container);
  });
});

describe("votes and reactions", () => {
  it("are asked, counted with names, and closed by who asked", async () => {
    const { data, hear, sent } = told();
    const { container } = show(data);
    hear({ kind: "poll", id: newId(), question: "Lunch?", options: ["Yes", "No"], closed: false });
    expect(screen.getByText("New vote: Lunch?")).toBeDefined();
    fireEvent.keyDown(document.body, { key: "a" });
    const panel = screen.getByLabelText("Votes", { selector: "aside" });
    fireEvent.click(within(panel).getByLabelText("Yes"));
    await waitFor(() => expect(panel.textContent).toContain("1 vote: Somebody"));
    expect(sent).toMatchObject([{ kind: "vote", option: 0 }]);
    expect(within(panel).queryByText("Close the vote")).toBeNull();
    for (const [label, value] of [
      ["Question", "Break?"],
      ["Answer 1", "Now"],
      ["Answer 2", "Later"],
    ] as const)
      fireEvent.change(within(panel).getByLabelText(label), { target: { value } });
    fireEvent.click(within(panel).getByText("Start the vote"));
    fireEvent.click(await within(panel).findByText("Close the vote"));
    await waitFor(() => expect(sent.at(-1)).toMatchObject({ kind: "poll", question: "Break?", closed: true }));
    await clean(container);
  });

  it("are shown with a name and a word, for a while", () => {
    vi.useFakeTimers();
    const { data, hear } = told();
    show(data);
    hear({ kind: "reaction", what: "applause" });
    expect(screen.getByLabelText("Reactions", { selector: "ul" }).textContent).toBe("Anna Muster: Applause");
    act(() => vi.advanceTimersByTime(6000));
    expect(screen.queryByLabelText("Reactions", { selector: "ul" })).toBeNull();
    vi.useRealTimers();
  });
});

describe("an address in a text", () => {
  it("is what opens in a browser and shows where it leads", () => {
    const links = (text: string) => partsOf(text).flatMap((part) => (part.link ? [part.text] : []));
    expect(links("(see https://a.example/b), or HTTP://c.example!")).toEqual([
      "https://a.example/b",
      "HTTP://c.example",
    ]);
    expect(links("javascript:alert(1) file:///etc https://bank.example@evil.example/ data:text/html,x")).toEqual([]);
    expect(partsOf("no link").map(({ text }) => text)).toEqual(["no link"]);
  });
});
