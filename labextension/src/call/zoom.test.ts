import { describe, expect, it } from 'vitest';

import { fit, pan, WHOLE, zoomAt } from './zoom';

const FRAME = { width: 800, height: 400 };

describe('fit', () => {
  it.each([
    [
      { width: 1600, height: 800 },
      { left: 0, top: 0, width: 800, height: 400 }
    ],
    [
      { width: 100, height: 100 },
      { left: 200, top: 0, width: 400, height: 400 }
    ],
    [
      { width: 800, height: 100 },
      { left: 0, top: 150, width: 800, height: 100 }
    ],
    [
      { width: 0, height: 0 },
      { left: 0, top: 0, width: 800, height: 400 }
    ]
  ])('puts %j in the middle', (picture, place) => {
    expect(fit(picture, FRAME)).toEqual(place);
  });
});

describe('zoomAt', () => {
  it('keeps the point under the pointer', () => {
    const zoom = zoomAt(WHOLE, 2, 200, 100, FRAME);
    expect(zoom).toEqual({ scale: 2, x: -200, y: -100 });
    const closer = zoomAt(zoom, 2, 600, 300, FRAME);
    // What was drawn at 600, 300 is there still.
    expect((600 - closer.x) / closer.scale).toBeCloseTo((600 - zoom.x) / 2);
    expect((300 - closer.y) / closer.scale).toBeCloseTo((300 - zoom.y) / 2);
  });

  it('goes back to the whole picture, and no further', () => {
    const zoom = zoomAt(WHOLE, 3, 700, 390, FRAME);
    expect(zoomAt(zoom, 0.01, 10, 10, FRAME)).toEqual(WHOLE);
    expect(zoomAt(WHOLE, 1000, 0, 0, FRAME).scale).toBe(8);
  });
});

describe('pan', () => {
  it('never shows what is beside the picture', () => {
    const zoom = zoomAt(WHOLE, 2, 400, 200, FRAME);
    expect(pan(zoom, 10_000, 10_000, FRAME)).toEqual({
      scale: 2,
      x: 0,
      y: 0
    });
    expect(pan(zoom, -10_000, -10_000, FRAME)).toEqual({
      scale: 2,
      x: -800,
      y: -400
    });
    expect(pan(WHOLE, 5, -5, FRAME)).toEqual(WHOLE);
  });
});
