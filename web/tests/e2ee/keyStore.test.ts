// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";
import {
  forgetKey,
  forgetLinkKey,
  keepOrganiserKey,
  linkWasDamaged,
  meetingKey,
  organiserKey,
  takeKeyFromAddress,
} from "../../src/e2ee/keyStore";
import { newMeetingKey } from "../../src/e2ee/meetingKey";

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
    open(`/m/one#k=${key}`);
    expect(location.hash).toBe("");
    expect(location.pathname).toBe("/m/one");
    expect(meetingKey("one")).toBe(key);
    open("/m/one");
    expect(meetingKey("one")).toBe(key);
  });

  it("never reaches storage that outlives the tab", () => {
    open(`/m/one#k=${newMeetingKey()}`);
    expect(localStorage.length).toBe(0);
  });

  it("belongs to its meeting only", () => {
    open(`/m/one#k=${newMeetingKey()}`);
    expect(meetingKey("two")).toBeUndefined();
  });

  it("is gone after leaving", () => {
    open(`/m/one#k=${newMeetingKey()}`);
    forgetLinkKey("one");
    expect(meetingKey("one")).toBeUndefined();
    expect(sessionStorage.length).toBe(0);
  });

  it("is reported when damaged, and an older one is not used instead", () => {
    open(`/m/one#k=${newMeetingKey()}`);
    open("/m/one#k=short");
    expect(linkWasDamaged("one")).toBe(true);
    expect(meetingKey("one")).toBeUndefined();
  });

  it("is not taken from pages that are no meeting", () => {
    open(`/plan#k=${newMeetingKey()}`);
    expect(sessionStorage.length).toBe(0);
  });
});

describe("an organiser's key", () => {
  it("outlives the meeting's visit and dies with the meeting", () => {
    const key = newMeetingKey();
    keepOrganiserKey("one", key);
    forgetLinkKey("one");
    expect(organiserKey("one")).toBe(key);
    expect(meetingKey("one")).toBe(key);
    forgetKey("one");
    expect(meetingKey("one")).toBeUndefined();
  });

  it("gives way to the key of a link that was opened on purpose", () => {
    const link = newMeetingKey();
    keepOrganiserKey("one", newMeetingKey());
    open(`/m/one#k=${link}`);
    expect(meetingKey("one")).toBe(link);
  });

  it("is not believed when the storage holds something else", () => {
    localStorage.setItem("conclave.key.one", "garbage");
    expect(meetingKey("one")).toBeUndefined();
  });
});
