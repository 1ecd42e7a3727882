import { describe, expect, it } from 'vitest';

import {
  countUnseen,
  daysAgo,
  groupByDay,
  IActivityEntry,
  mergeEntries,
  presentPath,
  readEntries
} from './activity-list';

function entry(id: number, facts: Partial<IActivityEntry>): IActivityEntry {
  const time = new Date(2026, 10, 24, 12).getTime() / 1000 + id;
  return {
    id,
    type: 'document.edited',
    time,
    last_time: time,
    path: 'a.py',
    old_path: null,
    username: 'ada',
    name: 'Ada',
    is_dir: false,
    count: 1,
    ...facts
  };
}

describe('mergeEntries', () => {
  it('puts the newest first and lets entries grow', () => {
    const merged = mergeEntries(
      [entry(2, {}), entry(1, { count: 5 })],
      [entry(3, {}), entry(2, { count: 2 }), entry(1, { count: 4 })]
    );
    expect(merged.map(({ id, count }) => [id, count])).toEqual([
      [3, 1],
      [2, 2],
      [1, 5]
    ]);
  });
});

describe('countUnseen', () => {
  it('leaves out what I did and what I saw', () => {
    const entries = [
      entry(4, { username: null }),
      entry(3, { username: 'bob' }),
      entry(2, {}),
      entry(1, { username: 'bob' })
    ];
    expect(countUnseen(entries, 1, 'ada')).toBe(2);
  });
});

describe('presentPath', () => {
  const history = [
    entry(4, { type: 'file.renamed', path: 'lib', old_path: 'src' }),
    entry(3, { type: 'file.renamed', path: 'src/b.py', old_path: 'src/a.py' }),
    entry(2, { path: 'src/a.py' }),
    entry(1, { type: 'file.created', path: 'src/a.py' })
  ];

  it('follows later moves of the file and its folders', () => {
    expect(presentPath(history[2], history)).toBe('lib/b.py');
    expect(presentPath(history[0], history)).toBe('lib');
  });

  it('knows what is gone, and what came back', () => {
    const gone = [entry(5, { type: 'file.deleted', path: 'lib' }), ...history];
    expect(presentPath(history[2], gone)).toBeNull();
    const deleted = entry(2, { type: 'file.deleted' });
    const back = entry(3, { type: 'file.created' });
    expect(presentPath(deleted, [deleted])).toBeNull();
    expect(presentPath(entry(1, {}), [back, deleted])).toBe('a.py');
  });
});

describe('groupByDay', () => {
  it('keeps the order', () => {
    const day = 86_400;
    const now = entry(3, {});
    const days = groupByDay([
      now,
      entry(2, {}),
      entry(1, { last_time: now.last_time - day })
    ]);
    expect(days.map(each => each.entries.map(({ id }) => id))).toEqual([
      [3, 2],
      [1]
    ]);
    expect(daysAgo(days[1].date, days[0].date)).toBe(1);
  });
});

describe('readEntries', () => {
  it('takes what is an entry from what the server tells', () => {
    const good = { id: 1, type: 'file.created', path: 'a', last_time: 1 };
    const event = { type: 'activity.recorded', seq: 1 };
    expect(readEntries({ ...event, entries: [good, 1, null, {}] })).toEqual([
      good
    ]);
    expect(readEntries({ ...event, type: 'file.created' })).toEqual([]);
  });
});
