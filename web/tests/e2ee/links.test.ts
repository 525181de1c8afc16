// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";
import {
  forgetLinkKey,
  keepOrganiserKey,
  linkHasForeignKey,
  linkVersion,
  meetingKey,
  personalToken,
  takeKeyFromAddress,
} from "../../src/e2ee/keyStore";
import { meetingLink, newMeetingKey } from "../../src/e2ee/meetingKey";
import { personalLink } from "../../src/pages/join/personal";

const ID = "AAAAAAAAAAAAAAAAAAAA-1";
const TOKEN = "tokentokentokentoken_1";
const ENDS = new Date("2030-01-01T11:00:00Z");
const open = (link: string) => {
  history.replaceState(null, "", link);
  takeKeyFromAddress();
};

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

describe("a personal link", () => {
  it("has its token in the fragment, and leaves nothing in the address bar", () => {
    const key = newMeetingKey();
    open(meetingLink(location.origin, ID, key, { personal: TOKEN }));
    expect(location.href).toBe(`${location.origin}/m/${ID}`);
    expect([meetingKey(ID), personalToken(ID)]).toEqual([key, TOKEN]);
    forgetLinkKey(ID);
    expect(sessionStorage.length).toBe(0);
  });

  it.each(["&amp;p=", "%26p%3D", "&p=3D"])("is read where mail made %s of what is before its token", (before) => {
    open(`/m/${ID}#k=${newMeetingKey()}${before}${TOKEN}`);
    expect(personalToken(ID)).toBe(TOKEN);
  });

  it("is no longer of this tab once an ordinary link was opened in it", () => {
    open(meetingLink(location.origin, ID, newMeetingKey(), { personal: TOKEN }));
    open(meetingLink(location.origin, ID, newMeetingKey()));
    expect(personalToken(ID)).toBeUndefined();
  });

  it("is bound to this browser, by another secret for each link and none that names a meeting", async () => {
    open(meetingLink(location.origin, ID, newMeetingKey(), { personal: TOKEN }));
    const first = await personalLink(ID);
    expect(first?.device).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await personalLink(ID)).toEqual(first);
    open(meetingLink(location.origin, ID, newMeetingKey(), { personal: TOKEN.replace("1", "2") }));
    expect((await personalLink(ID))?.device).not.toBe(first?.device);
    expect(JSON.stringify({ ...localStorage })).not.toContain(ID);
    localStorage.clear();
    open(meetingLink(location.origin, ID, newMeetingKey(), { personal: TOKEN }));
    expect((await personalLink(ID))?.device).not.toBe(first?.device);
  });
});

describe("a new link", () => {
  it("replaces the organiser's own key where it was made later, which is said, and an earlier one never does", () => {
    const [old, own, later] = [newMeetingKey(), newMeetingKey(), newMeetingKey()];
    keepOrganiserKey(ID, own, ENDS, 2);
    open(meetingLink(location.origin, ID, old));
    expect([meetingKey(ID, 3), linkVersion(ID, 3), linkHasForeignKey(ID, 3)]).toEqual([own, 2, undefined]);
    open(meetingLink(location.origin, ID, later, { version: 3 }));
    expect([meetingKey(ID, 3), linkVersion(ID, 3), linkHasForeignKey(ID, 3)]).toEqual([later, 3, "link"]);
  });

  it.each([undefined, 2, 5])("counts only by the number that the portal has, not while that is %s", (newest) => {
    const own = newMeetingKey();
    keepOrganiserKey(ID, own, ENDS, 2);
    open(meetingLink(location.origin, ID, newMeetingKey(), { version: 999_999_999 }));
    expect([meetingKey(ID, newest), linkVersion(ID, newest)]).toEqual([own, 2]);
    expect(linkHasForeignKey(ID, newest)).toBe("own");
  });

  it("of the same count with another key is foreign", () => {
    const own = newMeetingKey();
    keepOrganiserKey(ID, own, ENDS, 2);
    open(meetingLink(location.origin, ID, newMeetingKey(), { version: 2 }));
    expect([meetingKey(ID, 2), linkHasForeignKey(ID, 2)]).toEqual([own, "own"]);
  });
});
