export interface Shape {
  columns: number;
  rows: number;
  tileWidth: number;
  tileHeight: number;
}

const RATIO = 16 / 9;
const GAP = 8;
/** Seven by seven: what a large screen shows at the size of a face that can be read. */
const MOST_TILES = 49;
/** On a narrow (phone) stage tiles may be taller than wide. */
const TALLEST = 1.25;

function shapeFor(columns: number, count: number, width: number, height: number): Shape {
  const rows = Math.ceil(count / columns);
  const availableWidth = (width - GAP * (columns - 1)) / columns;
  const availableHeight = (height - GAP * (rows - 1)) / rows;
  const tileWidth = Math.min(availableWidth, availableHeight * RATIO);
  const tileHeight = Math.min(availableHeight, tileWidth * (width < 600 ? TALLEST : 1 / RATIO));
  return { columns, rows, tileWidth: Math.floor(tileWidth), tileHeight: Math.floor(tileHeight) };
}

/** The number of columns that makes tiles of 16:9 largest on a stage of `width` x `height` CSS pixels. */
export function gridShape(count: number, width: number, height: number): Shape {
  let best = shapeFor(1, count, width, height);
  for (let columns = 2; columns <= count; columns += 1) {
    const shape = shapeFor(columns, count, width, height);
    if (shape.tileWidth * shape.tileHeight > best.tileWidth * best.tileHeight) best = shape;
  }
  return best;
}

/** How many tiles a stage holds before faces become too small to read. */
export function tilesPerPage(width: number, height: number): number {
  const narrow = width < 600;
  const columns = Math.max(1, Math.floor((width + GAP) / ((narrow ? 150 : 220) + GAP)));
  const rows = Math.max(1, Math.floor((height + GAP) / ((narrow ? 130 : 124) + GAP)));
  return Math.min(columns * rows, MOST_TILES);
}
