// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServerEvent } from "../../../src/api/events";
import { type Admission, type Place, PortalError, portal, type Session } from "../../../src/api/portal";
import type { EndReason } from "../../../src/call/model";
import { keepLinkKey } from "../../../src/e2ee/keyStore";
import { newMeetingKey } from "../../../src/e2ee/meetingKey";
import { LanguageProvider } from "../../../src/i18n";
import { EndedPage } from "../../../src/pages/EndedPage";
import JoinPage from "../../../src/pages/join/JoinPage";
import { sessionQuery } from "../../../src/session";

const ID = "AAAAAAAAAAAAAAAAAAAA-1";
const SINCE = "2026-11-30T14:02:00Z";
const PIN = "12345678";

/** As much of a call as the way into it needs. */
const calls: { end: (reason: EndReason) => void }[] = [];
vi.mock("../../../src/call/CallSession", () => ({
  CallSession: class {
    #ended: EndReason | undefined;
    #listeners = new Set<() => void>();
    constructor() {
      calls.push({
        end: (reason) => {
          this.#ended = reason;
          for (const listener of this.#listeners) listener();
        },
      });
    }
    join = async () => {};
    leave = async () => {};
    previousMedia = () => ({ microphone: false, camera: false, device: () => undefined });
    subscribe = (listener: () => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    };
    state = () => ({ ended: this.#ended, announcement: undefined });
  },
}));
vi.mock("../../../src/call/view/Call", () => ({ Call: () => <p>the call</p> }));
vi.mock("../../../src/devices/DeviceCheck", () => ({ DeviceCheck: () => <p>the own picture</p> }));
vi.mock("../../../src/devices/useDevices", () => ({ useDevices: () => ({ speaker: undefined, handOver: () => [] }) }));
vi.mock("../../../src/e2ee/support", () => ({ encryptionSupport: () => "works" }));

const place = (state: Place["state"], message = "", moved_back = false): Place => ({
  state,
  number: 1,
  since: SINCE,
  message,
  moved_back,
  locked: false,
});
const waiting = {
  admitted: false,
  waiting: { place: "secret", number: 1, since: SINCE, message: "", moved_back: false, locked: false },
} as const;
const admitted = {
  admitted: true,
  admission: { place: "secret", role: "participant" } as unknown as Admission,
} as const;
const guest: Session = {
  authenticated: false,
  user: null,
  csrf_token: "t",
  account_language: null,
  language: "en",
  site: { name: "Site", domain: "conf.lab.example", contact: "", mode: "open", mode_since: null, mode_until: null },
};

/** A stream that says something when told to, and ends with the page. */
class Said {
  #events: ServerEvent[] = [];
  #wake = () => {};
  say = (now: Place) =>
    act(async () => {
      this.#events.push({ event: "place", data: JSON.stringify(now) });
      this.#wake();
    });
  stream = async function* (this: Said) {
    for (;;) {
      const next = this.#events.shift();
      if (next) yield next;
      else
        await new Promise<void>((done) => {
          this.#wake = done;
        });
    }
  };
}

let said: Said;
const spies = () => ({
  joinable: vi.spyOn(portal, "joinable").mockResolvedValue({ joinable: true, pin_needed: true } as never),
  join: vi.spyOn(portal, "join").mockResolvedValue(waiting),
  place: vi.spyOn(portal, "place").mockResolvedValue(place("waiting")),
  events: vi.spyOn(portal, "placeEvents").mockImplementation(() => said.stream()),
  giveUp: vi.spyOn(portal, "giveUp").mockResolvedValue(undefined),
});
let to: ReturnType<typeof spies>;

async function open() {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  queries.setQueryData(sessionQuery.queryKey, guest);
  vi.spyOn(portal, "session").mockResolvedValue(guest);
  const page = await act(async () =>
    render(
      <QueryClientProvider client={queries}>
        <MemoryRouter initialEntries={[`/m/${ID}`]}>
          <LanguageProvider site="en">
            <Routes>
              <Route path="/m/:id" element={<JoinPage />} />
              <Route path="/ended" element={<EndedPage />} />
            </Routes>
          </LanguageProvider>
        </MemoryRouter>
      </QueryClientProvider>,
    ),
  );
  return page;
}

async function ask() {
  fireEvent.change(screen.getByLabelText("Your name"), { target: { value: "Guest" } });
  fireEvent.change(screen.getByLabelText("PIN"), { target: { value: PIN } });
  await act(async () => fireEvent.click(screen.getByText("Join meeting")));
}

const stored = () => JSON.stringify({ ...sessionStorage });

beforeEach(() => {
  localStorage.setItem("conclave.language", "en");
  keepLinkKey(ID, newMeetingKey());
  said = new Said();
  to = spies();
  calls.length = 0;
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  localStorage.clear();
  sessionStorage.clear();
});

describe("a guest before the door", () => {
  it("waits beside the own picture, is told, and goes in by itself", async () => {
    await open();
    await ask();
    expect(to.join).toHaveBeenLastCalledWith(ID, { display_name: "Guest", pin: PIN }, undefined);
    const heading = screen.getByText("Please wait to be let in");
    expect(document.activeElement).toBe(heading);
    expect(screen.getByText(/^The organiser has been told\. You have been waiting since .*:02.*\.$/)).toBeDefined();
    expect(screen.getByText("the own picture")).toBeDefined();
    await said.say(place("waiting", "Five minutes, please."));
    expect(screen.getByText("Five minutes, please.")).toBeDefined();
    to.join.mockResolvedValue(admitted);
    await said.say(place("admitted"));
    expect(to.join).toHaveBeenLastCalledWith(ID, { display_name: "Guest", pin: PIN }, "secret");
    expect(screen.getByText("the call")).toBeDefined();
  });

  it("goes on waiting after a reload, without name and PIN", async () => {
    const first = await open();
    await ask();
    first.unmount();
    said = new Said();
    await open();
    expect(screen.queryByLabelText("PIN")).toBeNull();
    expect(screen.getByText("Please wait to be let in")).toBeDefined();
    expect(to.place).toHaveBeenLastCalledWith(ID, "secret");
    to.join.mockResolvedValue(admitted);
    await said.say(place("admitted"));
    expect(to.join).toHaveBeenLastCalledWith(ID, undefined, "secret");
    expect(screen.getByText("the call")).toBeDefined();
  });

  it("is told why not, and asks again with a new place", async () => {
    await open();
    await ask();
    await said.say(place("denied", "Tomorrow at ten."));
    expect(screen.getByText("You were not let in")).toBeDefined();
    expect(screen.getByText("Tomorrow at ten.")).toBeDefined();
    await act(async () => fireEvent.click(screen.getByText("Ask again")));
    expect(stored()).not.toContain("secret");
    await ask();
    expect(to.join).toHaveBeenLastCalledWith(ID, { display_name: "Guest", pin: PIN }, undefined);
  });

  it("who gives up leaves the list, and nothing of the meeting here", async () => {
    await open();
    await ask();
    await act(async () => fireEvent.click(screen.getByText("Stop waiting")));
    expect(to.giveUp).toHaveBeenCalledExactlyOnceWith(ID, "secret");
    expect(screen.getByText("You are no longer waiting")).toBeDefined();
    expect(sessionStorage.length).toBe(0);
  });

  it("who was away too long asks anew", async () => {
    await open();
    await ask();
    cleanup();
    to.place.mockRejectedValue(new PortalError(404, "place_unknown"));
    await open();
    expect(screen.getByLabelText("PIN")).toBeDefined();
    expect(stored()).not.toContain("secret");
  });
});

describe("a guest who was let in", () => {
  const inside = async () => {
    to.join.mockResolvedValue(admitted);
    await open();
    await ask();
    expect(screen.getByText("the call")).toBeDefined();
  };
  const sentOut = () => act(async () => calls[0]?.end("removed"));

  it("and is removed reads why, and keeps nothing to come back with", async () => {
    await inside();
    to.place.mockResolvedValue(place("removed", "Please call me."));
    await sentOut();
    expect(screen.getByText("You were removed from the meeting")).toBeDefined();
    expect(screen.getByText("Please call me.")).toBeDefined();
    expect(sessionStorage.length).toBe(0);
  });

  it("and is moved back waits again", async () => {
    await inside();
    to.place.mockResolvedValue(place("waiting", "", true));
    await sentOut();
    expect(screen.getByText("You were moved to the lobby")).toBeDefined();
    to.join.mockClear();
    await said.say(place("admitted"));
    expect(to.join).toHaveBeenCalledOnce();
    expect(screen.getByText("the call")).toBeDefined();
  });

  it("and is moved back while coming back waits again", async () => {
    await inside();
    to.join.mockRejectedValueOnce(new PortalError(409, "waiting"));
    to.place.mockResolvedValue(place("waiting", "", true));
    await act(async () => calls[0]?.end("lost"));
    await vi.waitFor(() => expect(screen.getByText("You were moved to the lobby")).toBeDefined());
  });

  it("and opened a second window is told that it goes on there", async () => {
    await inside();
    to.place.mockResolvedValue(place("admitted"));
    await sentOut();
    expect(screen.getByText("You are connected in another window")).toBeDefined();
  });

  it("is told in a duplicated tab that the call moves there", async () => {
    await inside();
    cleanup();
    Object.defineProperty(navigator, "locks", {
      value: { query: async () => ({ held: [{ name: `conclave.call.${ID}` }] }), request: async () => {} },
      configurable: true,
    });
    to.place.mockResolvedValue(place("admitted"));
    await open();
    expect(screen.getByText(/it goes on here and ends there/)).toBeDefined();
    Reflect.deleteProperty(navigator, "locks");
  });

  it("comes back after a reload without the PIN", async () => {
    await inside();
    cleanup();
    to.place.mockResolvedValue(place("admitted"));
    await open();
    expect(screen.queryByLabelText("PIN")).toBeNull();
    await act(async () => fireEvent.click(screen.getByText("Join meeting")));
    expect(to.join).toHaveBeenLastCalledWith(ID, undefined, "secret");
    expect(screen.getByText("the call")).toBeDefined();
  });
});

describe("a guest with the link alone", () => {
  it("is asked for no PIN where the level needs none", async () => {
    to.joinable.mockResolvedValue({ joinable: true, pin_needed: false } as never);
    await open();
    expect(screen.queryByLabelText("PIN")).toBeNull();
    fireEvent.change(screen.getByLabelText("Your name"), { target: { value: "Guest" } });
    await act(async () => fireEvent.click(screen.getByText("Join meeting")));
    expect(to.join).toHaveBeenLastCalledWith(ID, { display_name: "Guest" }, undefined);
  });
});
