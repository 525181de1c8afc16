// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { Silence } from "../../src/call/stall";

describe("a cut connection", () => {
  it("is noticed after four seconds of looks that find nothing new, and forgotten with the first byte", () => {
    const silence = new Silence();
    expect(silence.look(100)).toBe(false);
    const looks = Array.from({ length: 8 }, () => silence.look(100));
    expect(looks).toEqual([...Array(7).fill(false), true]);
    expect(silence.look(101)).toBe(false);
  });

  it("is not suspected where the browser does not say what it received", () => {
    const silence = new Silence();
    expect(Array.from({ length: 20 }, () => silence.look(undefined)).some(Boolean)).toBe(false);
  });
});
