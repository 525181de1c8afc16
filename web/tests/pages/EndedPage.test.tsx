// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keepOrganiserKey, meetingKey } from "../../src/e2ee/keyStore";
import { newMeetingKey } from "../../src/e2ee/meetingKey";
import { LanguageProvider } from "../../src/i18n";
import { EndedPage } from "../../src/pages/EndedPage";
import { forgetLeft, REJOIN_MS, rememberLeft } from "../../src/pages/join/lastLeft";

const ID = "AAAAAAAAAAAAAAAAAAAA-1";

const page = (reason: string) =>
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter initialEntries={[{ pathname: "/ended", state: { reason } }]}>
        <LanguageProvider site="en">
          <Routes>
            <Route path="/ended" element={<EndedPage />} />
            <Route path="/m/:id" element={<p>the way in</p>} />
          </Routes>
        </LanguageProvider>
      </MemoryRouter>
    </QueryClientProvider>,
  );

beforeEach(() => {
  localStorage.setItem("conclave.language", "en");
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  forgetLeft();
  vi.useRealTimers();
  localStorage.clear();
  sessionStorage.clear();
});

describe("after leaving", () => {
  it("one can join again for a few minutes, with the link's key, and then nothing is left", () => {
    const key = newMeetingKey();
    rememberLeft({ id: ID, key, credentials: undefined, place: undefined });
    page("left");
    expect(sessionStorage.length).toBe(0);
    fireEvent.click(screen.getByText("Join again"));
    expect(screen.getByText("the way in")).toBeDefined();
    expect(meetingKey(ID)).toBe(key);
  });

  it("nothing is left of the meeting once the time is over", () => {
    rememberLeft({ id: ID, key: newMeetingKey(), credentials: undefined, place: undefined });
    page("left");
    act(() => vi.advanceTimersByTime(REJOIN_MS));
    expect(screen.queryByText("Join again")).toBeNull();
    expect(screen.getByText("Nothing of the meeting remains on this page.")).toBeDefined();
  });

  it("whoever was removed is not offered to come back", () => {
    rememberLeft({ id: ID, key: newMeetingKey(), credentials: undefined, place: undefined });
    page("removed");
    expect(screen.queryByText("Join again")).toBeNull();
  });

  it("an organiser comes back with the own key", () => {
    const own = newMeetingKey();
    keepOrganiserKey(ID, own, new Date());
    rememberLeft({ id: ID, key: own, credentials: undefined, place: undefined });
    page("left");
    fireEvent.click(screen.getByText("Join again"));
    expect(sessionStorage.length).toBe(0);
    expect(meetingKey(ID)).toBe(own);
  });
});
