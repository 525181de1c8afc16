import { describe, expect, it } from "vitest";
import { PortalError } from "../../../src/api/portal";
import { JoinError } from "../../../src/call/joinError";
import { type Failure, failureOf } from "../../../src/pages/join/failure";
import { type JoinEvent, type JoinState, joinReducer } from "../../../src/pages/join/machine";

type State = JoinState<string>;
type Event = JoinEvent<string>;

const credentials = { display_name: "Guest", pin: "12345678" };
const away = new PortalError(503, "unavailable");
const wrongPin = new PortalError(403, "pin_wrong");

const states: { [Name in State["name"]]: Extract<State, { name: Name }> } = {
  loading: { name: "loading" },
  prejoin: { name: "prejoin", error: wrongPin },
  joining: { name: "joining", away: undefined },
  inCall: { name: "inCall", call: "first", credentials },
  rejoining: { name: "rejoining", lost: "first", credentials },
  disconnected: { name: "disconnected" },
  failed: { name: "failed", reason: "isolated" },
  ended: { name: "ended", reason: "removed" },
};

const correctable: Failure = { show: "form", error: wrongPin };
const final: Failure = { show: "page", reason: "uplinkFull" };
const unreachable: Failure = { show: "page", reason: "mediaBlocked" };

const events = {
  opened: { type: "opened" },
  submitted: { type: "submitted" },
  waiting: { type: "waiting", error: away },
  joined: { type: "joined", call: "second", credentials },
  "failed, correctable": { type: "failed", failure: correctable },
  "failed, final": { type: "failed", failure: final },
  "failed, media": { type: "failed", failure: unreachable },
  "ended, lost": { type: "ended", reason: "lost" },
  "ended, over": { type: "ended", reason: "over" },
  left: { type: "left" },
  retried: { type: "retried" },
} as const satisfies Record<string, Event>;

/** Every kind of event has an example; one without does not compile. */
const covered: Exclude<Event["type"], (typeof events)[keyof typeof events]["type"]>[] = [];

const full: State = { name: "failed", reason: "uplinkFull" };
const blocked: State = { name: "failed", reason: "mediaBlocked" };
const inSecondCall: State = { name: "inCall", call: "second", credentials };

/** What follows; every pair that is not listed leaves the state as it is. */
const transitions: { [Name in State["name"]]: Partial<Record<keyof typeof events, State>> } = {
  loading: {
    opened: { name: "prejoin", error: undefined },
    "failed, correctable": { name: "failed", reason: "unreachable" },
    "failed, final": full,
    "failed, media": blocked,
  },
  prejoin: { submitted: { name: "joining", away: undefined } },
  joining: {
    waiting: { name: "joining", away },
    joined: inSecondCall,
    "failed, correctable": { name: "prejoin", error: wrongPin },
    "failed, final": full,
    "failed, media": blocked,
  },
  inCall: {
    "ended, lost": { name: "rejoining", lost: "first", credentials },
    "ended, over": { name: "ended", reason: "over" },
  },
  rejoining: {
    joined: inSecondCall,
    "failed, correctable": { name: "disconnected" },
    "failed, final": full,
    "failed, media": { name: "disconnected" },
    left: { name: "ended", reason: "left" },
  },
  disconnected: { retried: { name: "loading" } },
  failed: { retried: { name: "loading" } },
  ended: {},
};

const pairs = Object.values(states).flatMap((state) =>
  (Object.keys(events) as (keyof typeof events)[]).map((event) => ({
    state,
    event,
    next: transitions[state.name][event],
    from: state.name,
    to: transitions[state.name][event]?.name ?? "no change",
  })),
);

describe("the way into a meeting", () => {
  it.each(pairs)("$from, $event: $to", ({ state, event, next }) => {
    const before = structuredClone({ ...state, error: undefined });
    if (next) expect(joinReducer<string>(state, events[event])).toEqual(next);
    else expect(joinReducer<string>(state, events[event])).toBe(state);
    expect({ ...state, error: undefined }).toEqual(before);
  });

  it("was tried with every kind of event", () => {
    expect(covered).toEqual([]);
    expect(pairs).toHaveLength(88);
  });
});

describe("a failure", () => {
  it("is a page of its own when nothing in the form would change it", () => {
    const reasons = ["meeting_not_found", "meeting_over", "meeting_full", "site_isolated", "mode_unknown"] as const;
    expect(reasons.map((code) => failureOf(new PortalError(403, code)))).toEqual(
      ["notOpen", "notOpen", "uplinkFull", "isolated", "modeUnknown"].map((reason) => ({ show: "page", reason })),
    );
  });

  it("is a sentence in the form when it can be corrected or tried again", () => {
    for (const error of [
      wrongPin,
      new PortalError(429, "too_many_attempts", { retryAfter: 900 }),
      new PortalError(422, "invalid", { fields: [{ field: "display_name", code: "too_long", limit: 60 }] }),
      new PortalError(0, "unreachable"),
      new PortalError(502, "unexpected"),
    ])
      expect(failureOf(error)).toEqual({ show: "form", error });
  });

  it("of the call says whether the browser or the network is the cause", () => {
    expect(failureOf(new JoinError("encryption", undefined))).toEqual({ show: "page", reason: "unsupportedBrowser" });
    expect(failureOf(new JoinError("media", undefined))).toEqual({ show: "page", reason: "mediaBlocked" });
  });

  it("that nobody foresaw is shown as a fault of the page", () => {
    expect(failureOf(new TypeError("x"))).toEqual({ show: "page", reason: "crashed" });
  });
});
