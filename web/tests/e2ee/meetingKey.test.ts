import { describe, expect, it } from "vitest";
import { keyFrom } from "../../src/e2ee/address";
import { isMeetingKey, keyBytes, meetingLink, newMeetingKey } from "../../src/e2ee/meetingKey";

describe("a meeting's key", () => {
  it("has 32 random bytes and fits into a link as it is", () => {
    const keys = Array.from({ length: 50 }, newMeetingKey);
    expect(new Set(keys).size).toBe(50);
    for (const key of keys) {
      expect(keyBytes(key).byteLength).toBe(32);
      expect(encodeURIComponent(key)).toBe(key);
    }
  });

  it("comes back from the link it was put in", () => {
    const key = newMeetingKey();
    const link = new URL(meetingLink("https://meet.conf.lab.example", "id_-1", key));
    expect(link.search).toBe("");
    expect(link.pathname).toBe("/m/id_-1");
    expect(keyFrom(link.hash)).toEqual({ state: "present", key });
  });

  it("is nothing but text of the right length and alphabet", () => {
    expect(isMeetingKey(undefined)).toBe(false);
    expect(isMeetingKey(null)).toBe(false);
    expect(isMeetingKey("+".repeat(43))).toBe(false);
    expect(isMeetingKey("A".repeat(43))).toBe(true);
  });
});
