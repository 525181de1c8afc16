// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";
import {
  dateOrganiserKey,
  forgetKey,
  forgetLinkKey,
  forgetOldKeys,
  keepOrganiserKey,
  linkHasForeignKey,
  linkSentKey,
  linkWasDamaged,
  meetingKey,
  organiserKey,
  takeKeyFromAddress,
} from "../../src/e2ee/keyStore";
import { newMeetingKey } from "../../src/e2ee/meetingKey";

const ONE = "AAAAAAAAAAAAAAAAAAAA-1";
const TWO = "AAAAAAAAAAAAAAAAAAAA_2";

const days = (from: Date, passed: number) => new Date(from.getTime() + passed * 24 * 60 * 60_000);

const open = (address: string) => {
  history.replaceState(null, "", address);
  takeKeyFromAddress();
};

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

describe("the key of an opened link", () => {
  it("leaves the address bar and stays with the tab, so that a reload works", () => {
    const key = newMeetingKey();
    open(`/m/${ONE}#k=${key}`);
    expect(location.hash).toBe("");
    expect(location.pathname).toBe(`/m/${ONE}`);
    expect(meetingKey(ONE)).toBe(key);
    open(`/m/${ONE}`);
    expect(meetingKey(ONE)).toBe(key);
  });

  it("never reaches storage that outlives the tab", () => {
    open(`/m/${ONE}#k=${newMeetingKey()}`);
    expect(localStorage.length).toBe(0);
  });

  it("belongs to its meeting only", () => {
    open(`/m/${ONE}#k=${newMeetingKey()}`);
    expect(meetingKey(TWO)).toBeUndefined();
  });

  it("is gone after leaving", () => {
    open(`/m/${ONE}#k=${newMeetingKey()}`);
    forgetLinkKey(ONE);
    expect(meetingKey(ONE)).toBeUndefined();
    expect(sessionStorage.length).toBe(0);
  });

  it("is reported when damaged, and an older one is not used instead", () => {
    open(`/m/${ONE}#k=${newMeetingKey()}`);
    open(`/m/${ONE}#k=short`);
    expect(linkWasDamaged(ONE)).toBe(true);
    expect(meetingKey(ONE)).toBeUndefined();
  });

  it("is not taken from pages that are no meeting, and does not stay in their address", () => {
    open(`/plan#k=${newMeetingKey()}`);
    expect(sessionStorage.length).toBe(0);
    expect(location.href).not.toContain("k=");
  });

  it.each([
    ["%23k=", true],
    ["%23k%3D", true],
    ["%2523k%253D", true],
    ["/%23K=", true],
    ["#k%3D", false],
    ["#k=3D", false],
    ["/#K=", false],
  ])("is found behind %s, and the address is cleaned", (sign, wasSent) => {
    const key = newMeetingKey();
    for (const page of ["m", "M"]) {
      sessionStorage.clear();
      open(`/${page}/${ONE}${sign}${key}`);
      expect(location.pathname + location.search + location.hash).toBe(`/m/${ONE}`);
      expect(meetingKey(ONE)).toBe(key);
    }
    if (wasSent) expect(linkSentKey(ONE)).toBe(true);
  });

  it("leaves no address behind that no meeting's id can be read from", () => {
    const key = newMeetingKey();
    open(`/m/short%23k=${key}`);
    expect(location.pathname).toBe("/m/");
    expect(sessionStorage.length).toBe(0);
  });
});

describe("an organiser's key", () => {
  it("outlives the meeting's visit and dies with the meeting", () => {
    const key = newMeetingKey();
    keepOrganiserKey(ONE, key, new Date());
    forgetLinkKey(ONE);
    expect(organiserKey(ONE)).toBe(key);
    expect(meetingKey(ONE)).toBe(key);
    forgetKey(ONE);
    expect(meetingKey(ONE)).toBeUndefined();
  });

  it("is never replaced by the key of a link, and says that the link has another", () => {
    const own = newMeetingKey();
    keepOrganiserKey(ONE, own, new Date());
    open(`/m/${ONE}#k=${own}`);
    expect(linkHasForeignKey(ONE)).toBeUndefined();
    open(`/m/${ONE}#k=${newMeetingKey()}`);
    expect(meetingKey(ONE)).toBe(own);
    expect(linkHasForeignKey(ONE)).toBe("own");
    forgetLinkKey(ONE);
    expect(linkHasForeignKey(ONE)).toBeUndefined();
  });

  it("is gone from this browser forty days after the end of its meeting, however long before that it was made", () => {
    const end = new Date("2030-06-01T12:00:00Z");
    keepOrganiserKey(ONE, newMeetingKey(), end);
    keepOrganiserKey(TWO, newMeetingKey(), days(end, 1));
    for (const passed of [-1000, 0, 40]) {
      forgetOldKeys(days(end, passed));
      expect(organiserKey(ONE)).toBeDefined();
    }
    forgetOldKeys(days(end, 40.5));
    expect(organiserKey(ONE)).toBeUndefined();
    expect(organiserKey(TWO)).toBeDefined();
  });

  it("of an earlier release, without a date, counts from today unless the portal says when its meeting ends", () => {
    const now = new Date();
    const key = newMeetingKey();
    for (const id of [ONE, TWO]) localStorage.setItem(`conclave.key.${id}`, key);
    forgetOldKeys(now);
    dateOrganiserKey(TWO, days(now, 100));
    forgetOldKeys(days(now, 39));
    expect([organiserKey(ONE), organiserKey(TWO)]).toEqual([key, key]);
    forgetOldKeys(days(now, 41));
    expect([organiserKey(ONE), organiserKey(TWO)]).toEqual([undefined, key]);
  });

  it("is not made by a date", () => {
    dateOrganiserKey(ONE, new Date());
    expect(localStorage.length).toBe(0);
  });

  it("goes alone: what else this browser remembers stays", () => {
    localStorage.setItem("conclave.language", "de");
    forgetOldKeys(days(new Date(), 1000));
    expect(localStorage.getItem("conclave.language")).toBe("de");
  });

  it("is not believed when the storage holds something else", () => {
    localStorage.setItem(`conclave.key.${ONE}`, "garbage");
    expect(meetingKey(ONE)).toBeUndefined();
  });
});
