// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import axe from "axe-core";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Expected, type Levels, type Meeting, portal } from "../../src/api/portal";
import { newMeetingKey } from "../../src/e2ee/meetingKey";
import { LanguageProvider } from "../../src/i18n";
import { levelsQuery } from "../../src/levels";
import { ExpectedPeople } from "../../src/pages/ExpectedPeople";

vi.stubGlobal("CSS", { escape: (text: string) => text });

const TOKEN = "tokentokentokentoken_1";
const meeting = { id: "AAAAAAAAAAAAAAAAAAAA-1", level: "internal", mine: true } as Meeting;
const greta: Expected = { id: 1, name: "Greta", mail: "", role: "guest", account: false, link: false, where: "absent" };
const bob: Expected = { ...greta, id: 2, name: "Bob", mail: "bob@conf.example", role: "co_organiser", account: true };
const levels = { default: "internal", levels: [{ name: "internal", rules: { guests: "named" } }] } as unknown as Levels;

const list = async (people: Expected[], key = newMeetingKey()) => {
  vi.spyOn(portal, "expected").mockResolvedValue(people);
  const queries = new QueryClient();
  queries.setQueryData(levelsQuery.queryKey, levels);
  const { container } = render(
    <QueryClientProvider client={queries}>
      <MemoryRouter>
        <LanguageProvider site="en">
          <main>
            <h1>Page</h1>
            <ExpectedPeople meeting={meeting} meetingKey={key} />
          </main>
        </LanguageProvider>
      </MemoryRouter>
    </QueryClientProvider>,
  );
  await screen.findByText(people[0]?.name ?? "");
  return container;
};

beforeEach(() => localStorage.setItem("conclave.language", "en"));
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  localStorage.clear();
});

it("offers a personal link to guests only, and says what became of each", async () => {
  const container = await list([{ ...greta, link: true }, bob]);
  expect(screen.getByText("personal link not used yet")).toBeTruthy();
  expect(screen.getAllByText("New personal link")).toHaveLength(1);
  const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
  expect(violations).toEqual([]);
});

it("shows the link once where the browser copies nothing", async () => {
  vi.spyOn(portal, "makeLink").mockResolvedValue({ token: TOKEN });
  Object.defineProperty(navigator, "clipboard", { value: { writeText: () => Promise.reject() }, configurable: true });
  const key = newMeetingKey();
  await list([greta], key);
  await act(async () => fireEvent.click(screen.getByText("Copy personal link")));
  const shown = await screen.findByLabelText<HTMLInputElement>("Personal link of Greta");
  expect(shown.value).toBe(`${location.origin}/m/${meeting.id}#k=${key}&p=${TOKEN}`);
});

it("adds nobody without a name", async () => {
  const add = vi.spyOn(portal, "expect");
  await list([greta]);
  await act(async () => fireEvent.click(screen.getByRole("button", { name: "Add person" })));
  expect(screen.getByText("Enter a name.")).toBeTruthy();
  expect(add).not.toHaveBeenCalled();
});
