import { describe, expect, it } from "vitest";
import { PortalError } from "../../../src/api/portal";
import { lookUp } from "../../../src/pages/join/lookUp";

const open = Promise.resolve({ joinable: true });
const session = Promise.resolve({});
const failing = (error: unknown) => {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
};

describe("a meeting's link", () => {
  it("opens the form once the meeting is open and it is known who is signed in", async () => {
    expect(await lookUp(open, session)).toEqual({ type: "opened" });
  });

  it("says that the meeting is not open, or not known", async () => {
    const notOpen = { type: "failed", failure: { show: "page", reason: "notOpen" } };
    expect(await lookUp(Promise.resolve({ joinable: false }), session)).toEqual(notOpen);
    expect(await lookUp(failing(new PortalError(404, "meeting_not_found")), session)).toEqual(notOpen);
  });

  it("says that there is a newer one, whichever of the two is out of date", async () => {
    const renewed = { type: "failed", failure: { show: "page", reason: "linkRenewed" } };
    const second = Promise.resolve({ joinable: true, link_version: 2 });
    expect(await lookUp(second, session, Promise.resolve(undefined), 1)).toEqual(renewed);
    expect(await lookUp(second, session, Promise.resolve(undefined), 3)).toEqual(renewed);
    expect(await lookUp(second, session, Promise.resolve(undefined), 2)).toEqual({ type: "opened" });
  });

  it("fails, rather than waiting for ever, when the session cannot be loaded", async () => {
    const error = new PortalError(0, "unreachable");
    expect(await lookUp(open, failing(error))).toEqual({ type: "failed", failure: { show: "form", error } });
  });
});
