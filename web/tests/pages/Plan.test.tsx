// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Levels, type Meeting, PortalError, portal, type Session } from "../../src/api/portal";
import { LanguageProvider } from "../../src/i18n";
import { levelsQuery } from "../../src/levels";
import Plan, { MeetingForm } from "../../src/pages/Plan";
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

const level = (name: string, waiting_room: string, missing: string[] = []) => ({
  name,
  title: { en: `${name} level`, de: `Stufe ${name}` },
  sentence: { en: `What ${name} costs.`, de: `Was ${name} kostet.` },
  rules: { guests: "link_and_pin", screen_share: "everybody", place: "anywhere", waiting_room },
  available: missing.length === 0,
  missing,
});
const levels = {
  default: "standard",
  keys_now: "link",
  levels: [
    level("open", "optional"),
    level("standard", "guests"),
    level("internal", "named_guests"),
    level("secret", "everybody", ["second_factor", "device"]),
  ],
} as unknown as Levels;
const planned: Meeting = {
  id: "AAAAAAAAAAAAAAAAAAAA-1",
  title: "Council",
  starts_at: "2030-01-01T10:00:00Z",
  duration_minutes: 25,
  organiser: "Organiser Demo",
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

let queries: QueryClient;
const page = (meeting?: Meeting) =>
  render(
    <QueryClientProvider client={queries}>
      <MemoryRouter>
        <LanguageProvider site="en">{meeting ? <MeetingForm meeting={meeting} /> : <Plan />}</LanguageProvider>
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
  queries.setQueryData(levelsQuery.queryKey, levels);
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

describe("the level", () => {
  const rung = (name: string) => screen.getByLabelText<HTMLInputElement>(new RegExp(`^${name} level`));
  const wishes = async (plan: { mock: { calls: unknown[][] } }) => {
    await send();
    return plan.mock.calls[0]?.at(-1);
  };
  const planning = () => vi.spyOn(portal, "plan").mockRejectedValue(new PortalError(500, "internal"));

  it("is the site's unless another one is chosen, and the ladder says what each costs", async () => {
    const plan = planning();
    page();
    expect(rung("standard").checked).toBe(true);
    expect(screen.getByText("What internal costs.")).toBeDefined();
    expect(screen.getByText("Everybody without an account waits until you let them in.")).toBeDefined();
    fireEvent.change(title(), { target: { value: "Council" } });
    const wished = await wishes(plan);
    expect(wished).not.toHaveProperty("level");
    expect(wished).not.toHaveProperty("waiting_room");
  });

  it("goes with the meeting when it is chosen", async () => {
    const plan = planning();
    page();
    fireEvent.change(title(), { target: { value: "Council" } });
    fireEvent.click(rung("internal"));
    expect(await wishes(plan)).toMatchObject({ level: "internal" });
  });

  it("that leaves the lobby to the organiser asks for it", async () => {
    const plan = planning();
    page();
    fireEvent.change(title(), { target: { value: "Hearing" } });
    fireEvent.click(rung("open"));
    fireEvent.click(screen.getByLabelText(/^Lobby/));
    expect(await wishes(plan)).toMatchObject({ level: "open", waiting_room: true });
  });

  it("that this release cannot keep is shown with the rules that are missing, and cannot be chosen", () => {
    page();
    expect(rung("secret").disabled).toBe(true);
    const why = "Not available in this release: sign-in with a security key, registered devices";
    expect(screen.getByText(why)).toBeDefined();
    expect(
      rung("secret").labels?.[0]?.getAttribute("aria-label") ?? rung("secret").getAttribute("aria-label"),
    ).toContain(why);
  });

  it("of a planned meeting can be raised only", async () => {
    const change = vi.spyOn(portal, "change").mockRejectedValue(new PortalError(409, "meeting_running"));
    page(planned);
    expect(title().value).toBe("Council");
    expect(rung("open").disabled).toBe(true);
    expect(rung("standard").checked).toBe(true);
    fireEvent.click(rung("internal"));
    await act(async () => fireEvent.click(screen.getByText("Save")));
    expect(change).toHaveBeenCalledExactlyOnceWith(planned.id, {
      title: "Council",
      starts_at: expect.stringMatching(/^2030-01-01T10:00:00/),
      duration_minutes: 25,
      level: "internal",
    });
    expect(screen.getByText(/Somebody is in the meeting/)).toBeDefined();
  });
});
