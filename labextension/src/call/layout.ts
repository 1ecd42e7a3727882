const RATIO = 16 / 9;

/** Smaller than this nobody is recognised; rather scroll. */
const SMALLEST_PX = 104;

/** How many columns of tiles make the largest tiles in an area, in pixels. */
export function columnsFor(
  count: number,
  width: number,
  height: number,
  gap: number
): number {
  let best = 1;
  let widest = 0;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - gap * (columns - 1)) / columns;
    const byHeight = ((height - gap * (rows - 1)) / rows) * RATIO;
    const tile = Math.min(byWidth, byHeight);
    const isWideEnough = byWidth >= SMALLEST_PX;
    if (columns > 1 && !isWideEnough) {
      break;
    }
    // Where all have to scroll, more columns show more people at once.
    if (tile > widest || widest < SMALLEST_PX) {
      best = columns;
      widest = tile;
    }
  }
  return best;
}

/** The width of tiles in so many columns that shows them all, unless they would be too small. */
export function tileWidth(
  count: number,
  columns: number,
  width: number,
  height: number,
  gap: number
): number {
  const rows = Math.max(1, Math.ceil(count / columns));
  const byWidth = (width - gap * (columns - 1)) / columns;
  const byHeight = ((height - gap * (rows - 1)) / rows) * RATIO;
  // Where one scrolls anyway, no margin is left beside the tiles.
  const most = byHeight < SMALLEST_PX ? 1.25 * SMALLEST_PX : byHeight;
  return Math.floor(Math.min(byWidth, most));
}

/** How many tiles are in view before one scrolls; at least one. */
export function tilesInView(
  columns: number,
  tile: number,
  height: number,
  gap: number
): number {
  const rows = Math.floor((height + gap) / (tile / RATIO + gap));
  return columns * Math.max(1, rows);
}
