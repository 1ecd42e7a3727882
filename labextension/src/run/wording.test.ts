import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';

import { IRun, requestOf } from './api';
import { duration, elapsed, share, size, stateText } from './wording';

const trans = nullTranslator.load('codesyncx');
const run = {
  state: 'queued',
  position: 0,
  configuration: '',
  file: null,
  command: ['ls'],
  folder: 'src',
  ref: '',
  secrets: [],
  started_at: null,
  ended_at: null
} as unknown as IRun;

test.each([
  [0.04, '0.0 s'],
  [9.94, '9.9 s'],
  [59.4, '59 s'],
  [60, '1 min'],
  [125, '2 min 5 s']
])('%s seconds are %s', (seconds, text) => {
  expect(duration(seconds, trans)).toBe(text);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [65_400_000, '65 MB'],
  [999_999_999, '1.0 GB']
])('%s bytes are %s', (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test('who waits is told how many come before', () => {
  expect(stateText(run, trans)).toBe('Waiting: it is next');
  expect(stateText({ ...run, position: 1 }, trans)).toBe(
    'Waiting: 1 run before it'
  );
  expect(stateText({ ...run, position: 2 }, trans)).toBe(
    'Waiting: 2 runs before it'
  );
});

test('a clock that is behind makes no negative times', () => {
  expect(elapsed(run, 5)).toBeNull();
  expect(elapsed({ ...run, started_at: 10 }, 5)).toBe(0);
  expect(elapsed({ ...run, started_at: 10, ended_at: 12 }, 99)).toBe(2);
  expect([share(2, 1), share(-1, 1), share(1, 0)]).toEqual([1, 0, 0]);
});

test('the same is asked for once more', () => {
  expect(requestOf(run)).toEqual({ command: ['ls'], folder: 'src' });
  expect(requestOf({ ...run, file: 'a.py' })).toEqual({ file: 'a.py' });
  expect(requestOf({ ...run, file: 'a.py', secrets: ['KEY'] })).toEqual({
    file: 'a.py',
    secrets: ['KEY']
  });
  expect(requestOf({ ...run, file: 'a.py', ref: 'v1' })).toEqual({
    file: 'a.py',
    ref: 'v1'
  });
  expect(requestOf({ ...run, configuration: 'web', file: 'a.py' })).toEqual({
    configuration: 'web'
  });
});
