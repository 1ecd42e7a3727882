import { describe, expect, it } from 'vitest';

import { columnsFor, tilesInView, tileWidth } from './layout';

describe('tiles', () => {
  it.each([
    ['one person', 1, 1000, 600, 1],
    ['two side by side in a wide area', 2, 1200, 500, 2],
    ['two one above the other in a panel', 2, 300, 700, 1],
    ['four in a square', 4, 1000, 600, 2],
    ['nine', 9, 1200, 700, 3],
    ['many in a panel: two beside each other', 30, 300, 600, 2],
    ['many in the narrowest panel: two as well', 30, 224, 600, 2],
    ['a few in a panel: large', 4, 234, 600, 1]
  ])('%s', (_, count, width, height, columns) => {
    expect(columnsFor(count, width, height, 8)).toBe(columns);
  });

  it.each([1, 2, 5, 12])('%i are all in view where there is room', count => {
    const [width, height] = [1200, 700];
    const columns = columnsFor(count, width, height, 8);
    const tile = tileWidth(count, columns, width, height, 8);
    const rows = Math.ceil(count / columns);
    expect(tile * columns + 8 * (columns - 1)).toBeLessThanOrEqual(width);
    expect(((tile * 9) / 16) * rows + 8 * (rows - 1)).toBeLessThanOrEqual(
      height
    );
  });

  it('are never so small that nobody is recognised', () => {
    expect(tileWidth(30, 2, 300, 200, 8)).toBeGreaterThanOrEqual(104);
  });

  it.each([
    ['two rows of two', 2, 160, 200, 4],
    ['a row that is cut is none', 2, 160, 180, 2],
    ['one at least', 1, 320, 90, 1]
  ])('in view: %s', (_, columns, tile, height, count) => {
    expect(tilesInView(columns, tile, height, 8)).toBe(count);
  });
});
