import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import { foldersAbove, tellLoss } from './deletion';
import { IFileEvent } from './file-events';

const trans = nullTranslator.load('codesyncx');

function deleted(path: string, username: string | null): IFileEvent {
  const name = username === 'ada' ? 'Ada' : null;
  return { kind: 'deleted', path, oldPath: null, username, name, isDir: false };
}

describe('tellLoss', () => {
  it.each([
    ['src/a.py', 'ada', 'Ada deleted a.py.'],
    ['src/a.py', 'bob', 'bob deleted a.py.'],
    ['src/a.py', 'me', 'You deleted a.py.'],
    ['src/a.py', null, 'a.py was deleted on disk.'],
    ['src', 'ada', 'Ada deleted the folder src with a.py.'],
    ['src', null, 'The folder src with a.py was deleted on disk.']
  ])('tells of %s by %s', (path, username, words) => {
    const loss = { path: 'src/a.py', event: deleted(path, username) };
    expect(tellLoss(loss, 'me', trans)).toBe(words);
  });
});

describe('foldersAbove', () => {
  it('names them from the outside in', () => {
    expect(foldersAbove('a/b/c.py')).toEqual(['a', 'a/b']);
    expect(foldersAbove('c.py')).toEqual([]);
  });
});
