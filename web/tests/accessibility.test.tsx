// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import axe from "axe-core";
import type { ReactNode } from "react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Levels, RoomState } from "../src/api/portal";
import type { Person } from "../src/call/model";
import { AskedDialog } from "../src/call/view/AskedDialog";
import { EndNotice } from "../src/call/view/EndNotice";
import { PeoplePanel } from "../src/call/view/PeoplePanel";
import { StopNotice } from "../src/call/view/StopNotice";
import { LanguageProvider } from "../src/i18n";
import { levelsQuery } from "../src/levels";
import { Denied } from "../src/pages/join/Denied";
import { WaitingCard } from "../src/pages/join/WaitingCard";
import { LevelPicker } from "../src/pages/LevelPicker";
import { person as standIn } from "./call/standIns";

// Of the dialogs' library; jsdom has none.
vi.stubGlobal("CSS", { escape: (text: string) => text });

const nothing = async () => {};
const actions = {
  admit: nothing,
  admitAll: nothing,
  deny: nothing,
  tell: nothing,
  mute: nothing,
  grantSpeech: nothing,
  moveBack: nothing,
  grant: nothing,
  lowerHand: nothing,
  ask: nothing,
  stop: nothing,
  extend: nothing,
  setCoOrganiser: nothing,
  remove: nothing,
  setRoom: nothing,
  end: nothing,
};
const waiter = {
  name: "Greta Gast",
  kind: "guest",
  outside: true,
  since: "2026-11-30T14:02:00Z",
  away: true,
  moved_back: false,
  message: "",
  expected: "link",
} as const;
const room: RoomState = {
  version: "1",
  locked: true,
  floor_open: false,
  floor_waits: true,
  missing: ["Max"],
  cameras_open: true,
  sharing_open: true,
  chat_open: true,
  sharing: "everybody",
  ends_at: "2126-11-30T15:00:00Z",
  closes_at: "2126-11-30T17:00:00Z",
  waiting: [
    { ...waiter, number: 1, note: "same_name" },
    { ...waiter, number: 2, note: null },
  ],
  people: [
    {
      identity: "Greta",
      name: "Greta",
      kind: "guest",
      role: "participant",
      outside: false,
      since: null,
      speech: false,
      camera: true,
      screen: true,
      muted_by: "floor",
      hand: "2026-11-30T14:02:00Z",
      asked: "camera",
      agreed: null,
      account: false,
      note: null,
    },
  ],
};
const person = (identity: string, given: Partial<Person>) =>
  standIn({ identity, name: identity, maySpeak: false, microphone: false, joinedAt: new Date(), ...given });
const people = [
  person("Olga", { kind: "organiser", role: "organiser", self: true }),
  person("Max", { kind: "member", role: "co_organiser" }),
  person("Greta", { hand: new Date() }),
];
const level = (name: string, missing: string[]) => ({
  name,
  title: { en: name, de: name },
  sentence: { en: `What ${name} costs.`, de: `Was ${name} kostet.` },
  rules: { guests: "link", screen_share: "everybody", place: "anywhere", waiting_room: "optional" },
  available: missing.length === 0,
  missing,
});
const levels = {
  default: "open",
  keys_now: "link",
  levels: [level("open", []), level("secret", ["device"])],
} as unknown as Levels;

const inPage = (what: ReactNode) => (
  <main>
    <h1>The page</h1>
    <h2>The part</h2>
    {what}
  </main>
);

async function findings(page: ReactNode, then: () => void = () => {}) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  queries.setQueryData(levelsQuery.queryKey, levels);
  render(
    <QueryClientProvider client={queries}>
      <MemoryRouter>
        <LanguageProvider site="en">{page}</LanguageProvider>
      </MemoryRouter>
    </QueryClientProvider>,
  );
  then();
  // Of colours jsdom knows nothing; the pictures' run looks at those. The parts stand here without their page.
  const off = ["color-contrast", "page-has-heading-one", "landmark-complementary-is-top-level", "heading-order"];
  const rules = Object.fromEntries(off.map((rule) => [rule, { enabled: false }]));
  const { violations } = await axe.run(document.querySelector("[role=alertdialog]") ?? document.body, { rules });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

beforeEach(() => localStorage.setItem("conclave.language", "en"));
afterEach(() => {
  cleanup();
  localStorage.clear();
});

describe("axe finds nothing", () => {
  const panel = inPage(<PeoplePanel people={people} lead={{ room, stale: true, actions }} onClose={() => {}} />);

  it("in the people panel of somebody who leads", async () => {
    expect(await findings(panel)).toEqual([]);
  });

  it("in the question before somebody is removed", async () => {
    const ask = () => {
      fireEvent.click(screen.getByLabelText("Actions for Greta"));
      fireEvent.click(screen.getByText("Remove"));
      expect(screen.getByRole("alertdialog")).toBeDefined();
    };
    expect(await findings(panel, ask)).toEqual([]);
  });

  it("in the question of an organiser, and where it is said what is stopped and when it ends", async () => {
    const question = { what: "camera", at: "2026-11-30T14:02:00Z" } as const;
    expect(await findings(inPage(<AskedDialog question={question} onAnswer={async () => {}} />))).toEqual([]);
    cleanup();
    const stopped = { ...room, cameras_open: false };
    const lead = { room: { ...room, ends_at: new Date().toISOString() }, stale: false, actions };
    const notices = (
      <>
        <StopNotice room={stopped} onChange={async () => {}} />
        <EndNotice closesAt={undefined} lead={lead} />
      </>
    );
    expect(await findings(inPage(notices))).toEqual([]);
  });

  it("before the door, and where it stays shut", async () => {
    const waiting = { since: waiter.since, message: "Five minutes.", movedBack: false, locked: true };
    expect(await findings(inPage(<WaitingCard waiting={waiting} away onGiveUp={() => {}} />))).toEqual([]);
    cleanup();
    expect(await findings(<Denied message="Tomorrow." onRetry={() => {}} />)).toEqual([]);
  });

  it("on the ladder of levels", async () => {
    const ladder = <LevelPicker value={undefined} onChange={() => {}} waitingRoom={false} onWaitingRoom={() => {}} />;
    expect(await findings(inPage(ladder))).toEqual([]);
  });
});
