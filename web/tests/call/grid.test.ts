import { describe, expect, it } from "vitest";
import { gridShape, tilesPerPage } from "../../src/call/grid";

describe("the grid", () => {
  it("fits on the stage for any number of people", () => {
    for (const [width, height] of [
      [1280, 640],
      [390, 640],
      [800, 300],
    ] as const)
      for (let count = 1; count <= 50; count += 1) {
        const { columns, rows, tileWidth, tileHeight } = gridShape(count, width, height);
        expect(columns * rows).toBeGreaterThanOrEqual(count);
        expect(columns * tileWidth + (columns - 1) * 8).toBeLessThanOrEqual(width);
        expect(rows * tileHeight + (rows - 1) * 8).toBeLessThanOrEqual(height);
      }
  });

  it("puts two people side by side on a desk and above each other on a phone", () => {
    expect(gridShape(2, 1280, 640).columns).toBe(2);
    expect(gridShape(2, 390, 640).columns).toBe(1);
  });

  it("holds a dozen people on a laptop's page and at least six on a phone's", () => {
    expect(tilesPerPage(1256, 620)).toBeGreaterThanOrEqual(12);
    expect(tilesPerPage(366, 640)).toBeGreaterThanOrEqual(6);
  });
});
