// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PortalError, portal, type Session } from "../../src/api/portal";
import { LanguageProvider } from "../../src/i18n";
import Plan from "../../src/pages/Plan";
import { sessionQuery } from "../../src/session";

vi.stubGlobal("CSS", { escape: (text: string) => text });

const session = (authenticated: boolean): Session => ({
  authenticated,
  user: authenticated ? { name: "Organiser Demo", username: "organiser", may_plan: true } : null,
  csrf_token: "t",
  account_language: null,
  language: "en",
  site: { name: "Site", domain: "conf.lab.example", contact: "", mode: "open", mode_since: null, mode_until: null },
});

let queries: QueryClient;
const page = () =>
  render(
    <QueryClientProvider client={queries}>
      <MemoryRouter>
        <LanguageProvider site="en">
          <Plan />
        </LanguageProvider>
      </MemoryRouter>
    </QueryClientProvider>,
  );
const title = () => screen.getByLabelText<HTMLInputElement>("Title");
// Roles with names take seconds in a form of this size.
const button = () => screen.getByText("Plan meeting");
const send = () => act(async () => fireEvent.click(button()));

beforeEach(() => {
  localStorage.setItem("conclave.language", "en");
  vi.spyOn(navigator, "languages", "get").mockReturnValue(["en-GB"]);
  queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  queries.setQueryData(sessionQuery.queryKey, session(true));
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  localStorage.clear();
  sessionStorage.clear();
});

describe("a meeting", () => {
  it("is not planned for another hour because the hour was emptied", async () => {
    const plan = vi.spyOn(portal, "plan").mockRejectedValue(new PortalError(500, "internal"));
    page();
    fireEvent.change(title(), { target: { value: "Council" } });
    const hour = document.querySelector<HTMLElement>('[role="spinbutton"][data-type="hour"]');
    if (!hour) throw new Error("the time has no hour");
    hour.focus();
    for (const _ of [1, 2]) fireEvent.keyDown(hour, { key: "Backspace" });
    await send();
    expect(plan).not.toHaveBeenCalled();
    expect(screen.getByText("Enter the full date and time.")).toBeDefined();
  });

  it("whose title is too long is not cut without a word", async () => {
    const plan = vi.spyOn(portal, "plan");
    page();
    fireEvent.change(title(), { target: { value: "x".repeat(121) } });
    expect(title().value).toHaveLength(121);
    await send();
    expect(plan).not.toHaveBeenCalled();
    expect(screen.getByText(/At most 120 characters/)).toBeDefined();
    expect(document.activeElement).toBe(title());
  });

  it("that the portal refuses keeps what was typed, and the focus goes to the field with the error", async () => {
    const fields = [{ field: "title", code: "characters" }] as const;
    vi.spyOn(portal, "plan").mockRejectedValue(new PortalError(422, "invalid", { fields: fields as never }));
    page();
    fireEvent.change(title(), { target: { value: "Coun\u200bcil" } });
    button().focus();
    await send();
    expect(title().value).toBe("Coun\u200bcil");
    expect(document.activeElement).toBe(title());
    expect(screen.getByText("Remove invisible characters and line breaks.")).toBeDefined();
  });

  it("is there again after the session had ended", async () => {
    const first = page();
    fireEvent.change(title(), { target: { value: "Council" } });
    // The sign-in page takes the place of this one.
    queries.setQueryData(sessionQuery.queryKey, session(false));
    first.unmount();
    queries.setQueryData(sessionQuery.queryKey, session(true));
    const second = page();
    expect(title().value).toBe("Council");
    second.unmount();
    page();
    expect(title().value).toBe("");
  });

  it("says in which time zone it is", () => {
    page();
    expect(screen.getByText(/^Times are in your time zone: \S/)).toBeDefined();
  });
});
