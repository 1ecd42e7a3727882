import { expect, it } from 'vitest';

import { beginOf, lengthText } from './finished-recordings';

it.each([
  [0, '0:00'],
  [59.6, '1:00'],
  [61, '1:01'],
  [3600, '1:00:00'],
  [3723, '1:02:03']
])('writes %d s as players do', (duration, text) => {
  expect(lengthText(duration)).toBe(text);
});

it('knows by its name when a recording began', () => {
  const begin = new Date(2026, 10, 29, 14, 5, 0);
  expect(beginOf('2026-11-29 14.05.00.mp4')).toEqual(begin);
  expect(beginOf('2026-11-29 14.05.00 (2).mp4')).toEqual(begin);
  expect(beginOf('holidays.mp4')).toBeNull();
});
