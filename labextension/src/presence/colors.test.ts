import { describe, expect, it } from 'vitest';

import { colorOf, DARK_INK, inkOn, LIGHT_INK, parseRgb } from './colors';
import { readUser } from './protocol';

describe('colorOf', () => {
  it('gives a name the same theme colour every time', () => {
    const user = readUser({ username: 'ada' });
    expect(user && colorOf(user)).toMatch(
      /^var\(--jp-collaborator-color[1-7]\)$/
    );
    expect(user && colorOf(user)).toBe(user && colorOf({ ...user }));
  });

  it('prefers the colour of the server', () => {
    const user = readUser({ username: 'ada', color: '#123456' });
    expect(user && colorOf(user)).toBe('#123456');
  });
});

describe('inkOn', () => {
  it.each([
    [[255, 255, 255], DARK_INK],
    [[0, 0, 0], LIGHT_INK],
    [[255, 235, 59], DARK_INK],
    [[26, 35, 126], LIGHT_INK]
  ] as const)('on %j is %s', (color, ink) => {
    expect(inkOn(color)).toBe(ink);
  });
});

describe('parseRgb', () => {
  it.each([
    ['rgb(1, 2, 3)', [1, 2, 3]],
    ['rgba(1, 2, 3, 0.5)', [1, 2, 3]],
    ['color(srgb 1 0 0)', null]
  ])('%s', (text, expected) => {
    expect(parseRgb(text)).toEqual(expected);
  });
});
