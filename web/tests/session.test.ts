import { describe, expect, it } from "vitest";
import type { Session, Site } from "../src/api/portal";
import { sessionRefetchInterval } from "../src/session";

const site: Site = {
  name: "Site",
  domain: "conf.lab.example",
  contact: "",
  mode: "open",
  mode_since: null,
  mode_until: null,
};

describe("the session", () => {
  const session = (until: string | null) => ({ site: { ...site, mode_until: until } }) as Session;

  it("is polled every half minute, and when a rehearsal has ended", () => {
    const now = Date.parse("2026-11-22T14:00:00Z");
    expect(sessionRefetchInterval(undefined, now)).toBe(30_000);
    expect(sessionRefetchInterval(session(null), now)).toBe(30_000);
    expect(sessionRefetchInterval(session("2026-11-22T14:00:10Z"), now)).toBe(12_000);
    expect(sessionRefetchInterval(session("2026-11-22T13:00:00Z"), now)).toBe(2000);
  });
});
