import { describe, expect, it } from "vitest";
import { initials } from "../../../src/call/view/Tile";

describe("a tile", () => {
  it("takes initials from first and last word of any script", () => {
    expect(initials("Organiser Demo")).toBe("OD");
    expect(initials("  leitstelle ")).toBe("L");
    expect(initials("Ünal von Özer")).toBe("ÜÖ");
    expect(initials("")).toBe("?");
  });
});
