import { describe, expect, it } from "vitest";
import { PortalError, portal, portalError } from "../../src/api/portal";
import { de } from "../../src/i18n/de";
import { en } from "../../src/i18n/en";
import { errorText, fieldText } from "../../src/i18n/errorText";

describe("a refusal of the portal", () => {
  it("keeps its code, the fields that were refused and the seconds to wait", () => {
    const error = portalError(422, { code: "invalid", fields: [{ field: "title", code: "characters" }] });
    expect(error).toMatchObject({ status: 422, code: "invalid", retryAfter: undefined });
    expect(error.fields).toEqual([{ field: "title", code: "characters" }]);
    expect(portalError(429, { code: "too_many_attempts", retry_after: 900 })).toMatchObject({
      code: "too_many_attempts",
      fields: [],
      retryAfter: 900,
    });
  });

  it.each([undefined, null, "", "<html>", {}, []])("is unexpected when a proxy answers %j in its place", (body) => {
    expect(portalError(502, body)).toMatchObject({ status: 502, code: "unexpected" });
  });
});

describe("what people are told", () => {
  it("says how long to wait, in minutes where there are any", () => {
    const locked = (retryAfter?: number) => new PortalError(429, "too_many_attempts", { retryAfter });
    expect(errorText(en, locked(1))).toBe("Too many attempts. Try again in 1 second.");
    expect(errorText(en, locked(59))).toBe("Too many attempts. Try again in 59 seconds.");
    expect(errorText(en, locked(60))).toBe("Too many attempts. Try again in 1 minute.");
    expect(errorText(de, locked(841))).toBe("Zu viele Versuche. Versuchen Sie es in 15 Minuten erneut.");
    expect(errorText(en, locked())).toBe("Too many attempts. Try again later.");
  });

  it("names the field that was refused, and no other", () => {
    const error = new PortalError(422, "invalid", { fields: [{ field: "display_name", code: "characters" }] });
    expect(fieldText(en, error, "display_name")).toBe(en.fieldErrors.characters);
    expect(fieldText(en, error, "pin")).toBeUndefined();
    expect(fieldText(en, undefined, "pin")).toBeUndefined();
  });

  it("names the limit where the portal does", () => {
    const title = (limit?: number) =>
      new PortalError(422, "invalid", { fields: [{ field: "title", code: "too_long", ...(limit ? { limit } : {}) }] });
    expect(fieldText(en, title(120), "title")).toBe("This is too long. At most 120 characters are allowed.");
    expect(fieldText(de, title(), "title")).toBe("Die Eingabe ist zu lang.");
  });

  it("is a sentence of its own for a portal newer than the page, and for errors that are not the portal's", () => {
    const newer = portalError(409, { code: "something_new" });
    expect(errorText(en, newer)).toBe(en.errors.unexpected);
    expect(errorText(en, portalError(409, { code: "toString" }))).toBe(en.errors.unexpected);
    expect(errorText(en, new TypeError("x"))).toBe(en.errors.unexpected);
  });
});

describe("a request about a meeting", () => {
  it("leaves this browser only with what can be an id: a damaged link may carry the key there", async () => {
    const damaged = `TCY5AAAAAAAAAAAAAAAAAA#k=${"A".repeat(43)}`;
    for (const ask of [portal.meeting, portal.remove, portal.pin, portal.joinable, portal.join])
      await expect(ask(damaged)).rejects.toMatchObject({ code: "meeting_not_found" });
  });
});
