// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Meeting, portal } from "../../src/api/portal";
import { keepLinkKey, keepOrganiserKey, linkHasForeignKey, meetingKey, organiserKey } from "../../src/e2ee/keyStore";
import { newMeetingKey } from "../../src/e2ee/meetingKey";
import { LanguageProvider } from "../../src/i18n";
import { MeetingPage } from "../../src/pages/MeetingPage";

// Of the dialogs' library; jsdom has none.
vi.stubGlobal("CSS", { escape: (text: string) => text });

const meeting: Meeting = {
  id: "AAAAAAAAAAAAAAAAAAAA-1",
  title: "Weekly",
  starts_at: "2030-01-01T10:00:00Z",
  duration_minutes: 60,
  organiser: "Olga Beispiel",
  mine: true,
  participants: 0,
  role: "organiser",
  level: "standard",
  waiting_room: true,
  waiting: 0,
  locked: false,
  floor_open: true,
  floor_waits: false,
  series: null,
  link_version: 1,
};

function page(given: Partial<Meeting> = {}) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  queries.setQueryData(["meetings", meeting.id], { ...meeting, ...given });
  queries.setQueryData(["expected", meeting.id], []);
  queries.setQueryData(["levels"], { levels: [] });
  render(
    <QueryClientProvider client={queries}>
      <MemoryRouter initialEntries={[`/meetings/${meeting.id}`]}>
        <LanguageProvider site="en">
          <Routes>
            <Route path="/meetings/:id" element={<MeetingPage />} />
          </Routes>
        </LanguageProvider>
      </MemoryRouter>
    </QueryClientProvider>,
  );
}

function deleting(participants: number) {
  page({ participants });
  fireEvent.click(screen.getByText("Delete meeting"));
  return screen.getByRole("alertdialog");
}

beforeEach(() => localStorage.setItem("conclave.language", "en"));
afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
  vi.restoreAllMocks();
});

describe("a link with another key", () => {
  const ends = new Date("2030-01-01T11:00:00Z");
  const shown = () => (screen.getByLabelText("Link") as HTMLInputElement).value;

  it("does not make the own key out of date by the number it claims", () => {
    const own = newMeetingKey();
    keepOrganiserKey(meeting.id, own, ends);
    keepLinkKey(meeting.id, newMeetingKey(), 999_999_999);
    page();
    expect(shown()).toContain(own);
    expect(screen.getByText(/with a different key was opened in this tab/)).toBeDefined();
  });

  it("is named where an older key of this browser gives way to it", () => {
    const theirs = newMeetingKey();
    keepOrganiserKey(meeting.id, newMeetingKey(), ends);
    keepLinkKey(meeting.id, theirs, 2);
    page({ link_version: 2 });
    expect(shown()).toContain(theirs);
    expect(screen.getByText(/its key is used/)).toBeDefined();
  });

  it("is forgotten with a new link, so that one press is enough", async () => {
    const now = { ...meeting, link_version: 2 };
    vi.spyOn(portal, "renewLink").mockResolvedValue(now);
    vi.spyOn(portal, "meeting").mockResolvedValue(now);
    keepLinkKey(meeting.id, newMeetingKey(), 2);
    page();
    fireEvent.click(screen.getByText("Make a new link"));
    const dialog = within(screen.getByRole("alertdialog"));
    await act(async () => fireEvent.click(dialog.getByRole("button", { name: "Make a new link" })));
    expect(meetingKey(meeting.id, 2)).toBe(organiserKey(meeting.id));
    expect(linkHasForeignKey(meeting.id, 2)).toBeUndefined();
  });
});

describe("deleting a meeting", () => {
  it("says how many people are inside, and what becomes of them", () => {
    expect(deleting(3).textContent).toContain("3 people are in the meeting now and will be disconnected.");
  });

  it("speaks of nobody when nobody is inside", () => {
    expect(deleting(0).textContent).not.toContain("disconnected");
  });
});
