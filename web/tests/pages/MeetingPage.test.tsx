// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Meeting } from "../../src/api/portal";
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

function deleting(participants: number) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  queries.setQueryData(["meetings", meeting.id], { ...meeting, participants });
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
  fireEvent.click(screen.getByText("Delete meeting"));
  return screen.getByRole("alertdialog");
}

beforeEach(() => localStorage.setItem("conclave.language", "en"));
afterEach(() => {
  cleanup();
  localStorage.clear();
});

describe("deleting a meeting", () => {
  it("says how many people are inside, and what becomes of them", () => {
    expect(deleting(3).textContent).toContain("3 people are in the meeting now and will be disconnected.");
  });

  it("speaks of nobody when nobody is inside", () => {
    expect(deleting(0).textContent).not.toContain("disconnected");
  });
});
