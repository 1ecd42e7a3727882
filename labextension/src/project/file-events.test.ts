import { describe, expect, it } from 'vitest';

import {
  changesListing,
  covers,
  IFileEvent,
  pathAfter,
  readFileEvent
} from './file-events';

function event(facts: Partial<IFileEvent>): IFileEvent {
  return {
    kind: 'created',
    path: 'a.py',
    oldPath: null,
    username: null,
    name: null,
    isDir: false,
    ...facts
  };
}

describe('readFileEvent', () => {
  it('reads what the server tells', () => {
    expect(
      readFileEvent({
        type: 'file.renamed',
        seq: 1,
        path: 'b.py',
        old_path: 'a.py',
        username: 'ada',
        name: 'Ada',
        is_dir: false,
        time: 1
      })
    ).toEqual({
      kind: 'renamed',
      path: 'b.py',
      oldPath: 'a.py',
      username: 'ada',
      name: 'Ada',
      isDir: false
    });
  });

  it.each([
    { type: 'presence.summoned', path: 'a.py' },
    { type: 'file.batch' },
    { type: 'file.created' },
    { type: 'file.renamed', path: 'a.py' }
  ])('passes over $type', message => {
    expect(readFileEvent({ seq: 1, ...message })).toBeNull();
  });
});

describe('pathAfter', () => {
  const renamed = event({ kind: 'renamed', path: 'lib', oldPath: 'src' });

  it.each([
    ['src', 'lib'],
    ['src/a.py', 'lib/a.py'],
    ['src2/a.py', 'src2/a.py'],
    ['other', 'other']
  ])('moves %s to %s', (before, after) => {
    expect(pathAfter(before, renamed)).toBe(after);
  });

  it('knows what is gone with its folder', () => {
    const deleted = event({ kind: 'deleted', path: 'src' });
    expect(pathAfter('src/a.py', deleted)).toBeNull();
    expect(pathAfter('src.py', deleted)).toBe('src.py');
  });
});

describe('changesListing', () => {
  it('looks at the folder itself only, at both ends of a move', () => {
    expect(changesListing('', event({ path: 'a.py' }))).toBe(true);
    expect(changesListing('', event({ path: 'src/a.py' }))).toBe(false);
    const moved = event({ kind: 'renamed', path: 'b/x', oldPath: 'a/x' });
    expect(changesListing('a', moved)).toBe(true);
    expect(changesListing('b', moved)).toBe(true);
    expect(changesListing('', moved)).toBe(false);
  });
});

describe('covers', () => {
  it('is not fooled by names that begin alike', () => {
    expect(covers('a', 'a/b')).toBe(true);
    expect(covers('a', 'ab')).toBe(false);
  });
});
