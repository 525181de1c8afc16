import { describe, expect, it } from "vitest";
import { isMeetingId, keyFrom, readAddress } from "../../src/e2ee/address";
import { newMeetingKey } from "../../src/e2ee/meetingKey";

const ID = "AAAAAAAAAAAAAAAAAAAA-1";
const read = (path: string) => readAddress(new URL(`https://meet.conf.lab.example${path}`));

describe("the key of a link", () => {
  it.each([
    ".",
    ")",
    ">",
    '"',
    "”",
    "“ (PIN per Telefon)",
    " (PIN per Telefon)",
    "%20(PIN%20per%20Telefon)",
    "…",
    "...",
    "&utm_source=mail",
    "_",
    "*",
    "%E2%80%8B",
    "%0A",
    " 100%",
    "</a>",
  ])("is read with %j behind it", (behind) => {
    const key = newMeetingKey();
    expect(keyFrom(`#k=${key}${behind}`)).toEqual({ state: "present", key });
  });

  it.each(["\r\n> ", "\n", "=\n", "\u00ad", "\u200b"])("is read with %j in the middle", (noise) => {
    const key = newMeetingKey();
    expect(keyFrom(`#k=${key.slice(0, 20)}${noise}${key.slice(20)}`)).toEqual({ state: "present", key });
  });

  it.each(["", "#", "#main", "#mark=1"])("is absent from %j", (fragment) => {
    expect(keyFrom(fragment)).toEqual({ state: "absent" });
  });

  it.each([
    "#k=",
    "#k=abc",
    `#k=${"A".repeat(42)}`,
    `#k=${"A".repeat(44)}`,
    `#k=${"A".repeat(40)} see`,
    `#k=${"ü".repeat(43)}`,
  ])("is damaged in %j", (fragment) => {
    expect(keyFrom(fragment)).toEqual({ state: "damaged" });
  });
});

describe("the address of a link", () => {
  it("gives the meeting's id, whatever was taken into the link behind it", () => {
    for (const behind of ["", "/", ")", ".", "%20(PIN%20per%20Telefon)", "%22", "%E2%80%A6", "?fbclid=1"])
      expect(read(`/m/${ID}${behind}`)).toEqual({ id: ID, key: { state: "absent" }, sent: false });
  });

  it("gives no id where there is none", () => {
    for (const path of ["/m/", "/m", "/m/abc", `/m/${ID}x`, "/m/..%2F..%2Fapi", `/m/${"ü".repeat(22)}`])
      expect(read(path)?.id).toBeUndefined();
  });

  it("says whether the browser had to send the key", () => {
    const key = newMeetingKey();
    expect(read(`/m/${ID}#k=${key}`)).toMatchObject({ id: ID, sent: false, key: { key } });
    expect(read(`/m/${ID}%23k=${key}`)).toMatchObject({ id: ID, sent: true, key: { key } });
    expect(read(`/m/${ID}?k=${key}`)).toMatchObject({ id: ID, sent: true, key: { key } });
  });

  it("is that of a meeting only", () => {
    expect(read("/meetings/abc")).toBeUndefined();
    expect(read("/")).toBeUndefined();
    expect(read("/main")).toBeUndefined();
  });
});

describe("an id", () => {
  it("is 22 characters of its alphabet, and nothing else", () => {
    expect(isMeetingId(ID)).toBe(true);
    for (const text of [undefined, "", ID.slice(1), `${ID}A`, `${ID.slice(1)}#`, `${ID}\n`, "../../../../../../api"])
      expect(isMeetingId(text)).toBe(false);
  });
});
