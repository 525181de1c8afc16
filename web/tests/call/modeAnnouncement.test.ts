import { describe, expect, it } from "vitest";
import type { Site } from "../../src/api/portal";
import { applyModeAnnouncement, parseModeAnnouncement } from "../../src/call/modeAnnouncement";

const site: Site = {
  name: "Site",
  domain: "conf.lab.example",
  contact: "",
  mode: "open",
  mode_since: null,
  mode_until: null,
};

describe("the announcement of a mode", () => {
  const announced = { mode: "isolated", since: "2026-11-22T14:02:00+00:00", until: null } as const;

  it("is read from the metadata of a room, and nothing else is", () => {
    expect(parseModeAnnouncement(JSON.stringify(announced))).toEqual(announced);
    for (const other of ["", undefined, "{", "null", "1", '{"mode":"ajar","since":"2026-11-22T14:02:00Z"}'])
      expect(parseModeAnnouncement(other)).toBeUndefined();
    expect(parseModeAnnouncement('{"mode":"isolated","since":"soon"}')).toBeUndefined();
  });

  it("counts as long as the portal has not answered anything newer", () => {
    expect(applyModeAnnouncement(site, announced).mode).toBe("isolated");
    expect(applyModeAnnouncement({ ...site, mode_since: "2026-11-22T13:00:00Z" }, announced).mode_since).toBe(
      announced.since,
    );
    expect(applyModeAnnouncement({ ...site, mode_since: "2026-11-22T14:03:00Z" }, announced).mode).toBe("open");
  });
});
