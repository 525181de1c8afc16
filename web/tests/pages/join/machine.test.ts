import { describe, expect, it } from "vitest";
import { type Place, PortalError } from "../../../src/api/portal";
import { JoinError } from "../../../src/call/joinError";
import { type Failure, failureOf } from "../../../src/pages/join/failure";
import { type JoinEvent, type JoinState, joinReducer } from "../../../src/pages/join/machine";

type State = JoinState<string>;
type Event = JoinEvent<string>;

const credentials = { display_name: "Guest", pin: "12345678" };
const away = new PortalError(503, "unavailable");
const wrongPin = new PortalError(403, "pin_wrong");

const since = "2026-11-30T14:02:00Z";
const waiting = { since, message: "", movedBack: false, locked: false };
const place = (state: Place["state"], message = "", moved_back = false): Place => ({
  state,
  number: 3,
  since,
  message,
  moved_back,
  locked: false,
});

const states: { [Name in State["name"]]: Extract<State, { name: Name }> } = {
  loading: { name: "loading" },
  prejoin: { name: "prejoin", error: wrongPin, admitted: false },
  joining: { name: "joining", away: undefined },
  waiting: { name: "waiting", waiting, away: false, credentials },
  admitted: { name: "admitted", credentials },
  denied: { name: "denied", message: "" },
  inCall: { name: "inCall", call: "first", credentials },
  sentOut: { name: "sentOut", credentials },
  rejoining: { name: "rejoining", lost: "first", credentials },
  disconnected: { name: "disconnected" },
  failed: { name: "failed", reason: "isolated" },
  ended: { name: "ended", reason: "removed" },
};

const correctable: Failure = { show: "form", error: wrongPin };
const final: Failure = { show: "page", reason: "uplinkFull" };
const turnedAway: Failure = { show: "form", error: new PortalError(403, "denied") };
const sentOff: Failure = { show: "form", error: new PortalError(403, "removed") };
const unreachable: Failure = { show: "page", reason: "mediaBlocked" };

const events = {
  opened: { type: "opened" },
  submitted: { type: "submitted" },
  waiting: { type: "waiting", error: away },
  stopped: {
    type: "stopped",
    waiting: { place: "secret", number: 3, since, message: "", moved_back: false, locked: false },
    credentials,
  },
  "place, waiting": { type: "place", place: place("waiting", "Five minutes.", true) },
  "place, admitted": { type: "place", place: place("admitted") },
  "place, denied": { type: "place", place: place("denied", "Not today.") },
  "place, removed": { type: "place", place: place("removed", "Too loud.") },
  "place, over": { type: "place", place: place("over") },
  "place, unknown": { type: "place", place: undefined },
  joined: { type: "joined", call: "second", credentials },
  "failed, correctable": { type: "failed", failure: correctable },
  "failed, final": { type: "failed", failure: final },
  "failed, media": { type: "failed", failure: unreachable },
  "failed, denied": { type: "failed", failure: turnedAway },
  "failed, removed": { type: "failed", failure: sentOff },
  "ended, lost": { type: "ended", reason: "lost", place: true },
  "ended, over": { type: "ended", reason: "over", place: true },
  "ended, removed": { type: "ended", reason: "removed", place: true },
  "ended, removed without a place": { type: "ended", reason: "removed", place: false },
  left: { type: "left" },
  retried: { type: "retried" },
} as const satisfies Record<string, Event>;

/** Every kind of event has an example; one without does not compile. */
const covered: Exclude<Event["type"], (typeof events)[keyof typeof events]["type"]>[] = [];

const full: State = { name: "failed", reason: "uplinkFull" };
const blocked: State = { name: "failed", reason: "mediaBlocked" };
const inSecondCall: State = { name: "inCall", call: "second", credentials };

const form: State = { name: "prejoin", error: undefined, admitted: false };
const refusedForm: State = { name: "prejoin", error: wrongPin, admitted: false };
const denied: State = { name: "denied", message: "" };
const removed: State = { name: "ended", reason: "removed" };
const stopped: State = { name: "waiting", waiting, away: false, credentials };
const told = { since, message: "Five minutes.", movedBack: true, locked: false };
const decided = {
  "place, denied": { name: "denied", message: "Not today." },
  "place, removed": { name: "ended", reason: "removed", message: "Too loud." },
  "place, over": { name: "ended", reason: "over" },
} as const satisfies Partial<Record<keyof typeof events, State>>;

/** What follows; every pair that is not listed leaves the state as it is. */
const transitions: { [Name in State["name"]]: Partial<Record<keyof typeof events, State>> } = {
  loading: {
    opened: form,
    "place, waiting": { name: "waiting", waiting: told, away: false, credentials: undefined },
    "place, admitted": { name: "prejoin", error: undefined, admitted: true },
    ...decided,
    "place, unknown": form,
    "failed, correctable": { name: "failed", reason: "unreachable" },
    "failed, denied": { name: "failed", reason: "unreachable" },
    "failed, removed": { name: "failed", reason: "unreachable" },
    "failed, final": full,
    "failed, media": blocked,
  },
  prejoin: { submitted: { name: "joining", away: undefined } },
  joining: {
    waiting: { name: "joining", away },
    stopped,
    joined: inSecondCall,
    "failed, correctable": refusedForm,
    "failed, denied": denied,
    "failed, removed": removed,
    "failed, final": full,
    "failed, media": blocked,
  },
  waiting: {
    waiting: { name: "waiting", waiting, away: true, credentials },
    "place, waiting": { name: "waiting", waiting: told, away: false, credentials },
    "place, admitted": { name: "admitted", credentials },
    ...decided,
    "place, unknown": { name: "prejoin", error: new PortalError(404, "place_unknown"), admitted: false },
    "failed, correctable": refusedForm,
    "failed, denied": denied,
    "failed, removed": removed,
    "failed, final": full,
    "failed, media": blocked,
    left: { name: "ended", reason: "gaveUp" },
  },
  admitted: { submitted: { name: "joining", away: undefined } },
  denied: { retried: { name: "loading" } },
  inCall: {
    "ended, lost": { name: "rejoining", lost: "first", credentials },
    "ended, over": { name: "ended", reason: "over" },
    "ended, removed": { name: "sentOut", credentials },
    "ended, removed without a place": removed,
  },
  sentOut: {
    "place, waiting": { name: "waiting", waiting: told, away: false, credentials },
    "place, admitted": { name: "ended", reason: "elsewhere" },
    ...decided,
    "place, unknown": removed,
    "failed, correctable": removed,
    "failed, denied": removed,
    "failed, removed": removed,
    "failed, final": removed,
    "failed, media": removed,
  },
  rejoining: {
    stopped,
    joined: inSecondCall,
    "failed, correctable": { name: "disconnected" },
    "failed, denied": denied,
    "failed, removed": removed,
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
    expect(pairs).toHaveLength(12 * 22);
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
