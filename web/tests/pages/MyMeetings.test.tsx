// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter, Route, Routes, useLocation } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Levels, type Meeting, PortalError, portal, type Session } from "../../src/api/portal";
import { organiserKey } from "../../src/e2ee/keyStore";
import { LanguageProvider } from "../../src/i18n";
import { levelsQuery } from "../../src/levels";
import { MyMeetings } from "../../src/pages/MyMeetings";
import { sessionQuery } from "../../src/session";

const ID = "AAAAAAAAAAAAAAAAAAAA-1";
const session: Session = {
  authenticated: true,
  user: { name: "Organiser Demo", username: "organiser", may_plan: true },
  csrf_token: "t",
  account_language: null,
  language: "en",
  site: { name: "Site", domain: "conf.lab.example", contact: "", mode: "open", mode_since: null, mode_until: null },
};
const meeting: Meeting = {
  id: ID,
  title: "Council",
  starts_at: new Date(Date.now() + 3 * 3_600_000).toISOString(),
  duration_minutes: 60,
  organiser: "Organiser Demo",
  mine: true,
  participants: 0,
  role: "organiser",
  level: "internal",
  waiting_room: true,
  waiting: 0,
  locked: false,
  floor_open: true,
  floor_waits: false,
  series: null,
  link_version: 1,
};
const levels = {
  default: "standard",
  keys_now: "link",
  levels: [{ name: "internal", title: { en: "Internal", de: "Intern" }, rules: {}, missing: [], available: true }],
} as unknown as Levels;

function TheWayIn() {
  return <p>the way in: {JSON.stringify(useLocation().state)}</p>;
}

function page(meetings: Meeting[]) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  queries.setQueryData(sessionQuery.queryKey, session);
  queries.setQueryData(levelsQuery.queryKey, levels);
  queries.setQueryData(["meetings"], meetings);
  render(
    <QueryClientProvider client={queries}>
      <MemoryRouter>
        <LanguageProvider site="en">
          <Routes>
            <Route path="/" element={<MyMeetings />} />
            <Route path={`/m/${ID}`} element={<TheWayIn />} />
          </Routes>
        </LanguageProvider>
      </MemoryRouter>
    </QueryClientProvider>,
  );
}
const startNow = () => act(async () => fireEvent.click(screen.getByText("Start now")));
const clipboard = (writeText: (text: string) => Promise<void>) =>
  Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });

beforeEach(() => localStorage.setItem("conclave.language", "en"));
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  localStorage.clear();
});

describe("a meeting in the list", () => {
  it("says its level in a word, and who waits", () => {
    page([{ ...meeting, waiting: 2 }]);
    expect(screen.getByTitle("Security level: Internal").textContent).toContain("Internal");
    expect(screen.getByText("2 people are waiting")).toBeDefined();
  });
});

describe("starting now", () => {
  it("takes one press: a meeting at the site's level, its link copied, and in", async () => {
    const plan = vi.spyOn(portal, "plan").mockResolvedValue({ ...meeting, pin: "12345678", repetitions: [] });
    const copied = vi.fn(async () => {});
    clipboard(copied);
    page([]);
    await startNow();
    expect(plan).toHaveBeenCalledExactlyOnceWith({ title: "Meeting", duration_minutes: 60 });
    expect(copied).toHaveBeenCalledExactlyOnceWith(`${location.origin}/m/${ID}#k=${organiserKey(ID)}`);
    expect(screen.getByText('the way in: {"linkCopied":true}')).toBeDefined();
  });

  it("says so when the browser copies nothing, and goes in all the same", async () => {
    vi.spyOn(portal, "plan").mockResolvedValue({ ...meeting, pin: "12345678", repetitions: [] });
    clipboard(() => Promise.reject(new DOMException("no", "NotAllowedError")));
    page([meeting]);
    await startNow();
    expect(screen.getByText('the way in: {"linkCopied":false}')).toBeDefined();
  });

  it("stays and says why when the portal refuses", async () => {
    vi.spyOn(portal, "plan").mockRejectedValue(new PortalError(403, "planning_not_allowed"));
    page([]);
    await startNow();
    expect(screen.getByText(/Your account is not allowed to plan meetings/)).toBeDefined();
  });
});
