import { YFile, YNotebook } from '@jupyter/ydoc';
import type * as nbformat from '@jupyterlab/nbformat';
import { expect, test } from 'vitest';
import * as Y from 'yjs';

import { AuthorRuns } from './author-runs';
import { restoreCell, restoreVersion } from './restore';

function codeCell(id: string, source: string): nbformat.ICell {
  return {
    id,
    cell_type: 'code',
    source,
    metadata: {},
    outputs: [],
    execution_count: null
  };
}

function notebook(...cells: nbformat.ICell[]): YNotebook {
  const made = YNotebook.create({
    disableDocumentWideUndoRedo: true,
    data: { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }
  });
  made.undoManager.clear();
  return made;
}

function ids(document: YNotebook): string[] {
  return document.cells.map(cell => cell.id);
}

test('a version comes back as one edit, which one undo takes back', () => {
  const file = YFile.create();
  file.setSource('one\ntwo\nthree\n');
  file.updateSource(0, 3, 'ONE');
  file.updateSource(4, 7, 'TWO');
  expect(restoreVersion(file, '\ufeffone\r\ntwo\r\nthree\r\n')).toBe(true);
  expect(file.source).toBe('one\ntwo\nthree\n');
  file.undo();
  expect(file.source).toBe('ONE\nTWO\nthree\n');
});

test('restoring leaves the authors of what stays', () => {
  const file = YFile.create();
  file.ydoc.clientID = 7;
  file.setSource('kept\nlost\n');
  file.updateSource(5, 9, 'new');
  const other = YFile.create();
  other.ydoc.clientID = 8;
  Y.applyUpdate(other.ydoc, Y.encodeStateAsUpdate(file.ydoc));
  restoreVersion(other, 'kept\nlost\n');
  const runs = AuthorRuns.of(other.ysource);
  expect(runs.shares(0, 4).map(share => share.clientId)).toEqual([7]);
  expect(runs.shares(5, 9).map(share => share.clientId)).toEqual([8]);
});

test('what somebody types elsewhere meanwhile stays', () => {
  const mine = YFile.create();
  mine.setSource('a\nb\nc\n');
  const theirs = YFile.create();
  Y.applyUpdate(theirs.ydoc, Y.encodeStateAsUpdate(mine.ydoc));
  theirs.updateSource(6, 6, 'theirs\n');
  restoreVersion(mine, 'A\nb\nc\n');
  Y.applyUpdate(mine.ydoc, Y.encodeStateAsUpdate(theirs.ydoc));
  expect(mine.source).toBe('A\nb\nc\ntheirs\n');
});

test('a notebook is restored by cells as one edit', () => {
  const document = notebook(
    codeCell('a', '1'),
    codeCell('new', 'x'),
    codeCell('c', 'changed')
  );
  const kept = document.getCell(0);
  const version = JSON.stringify({
    cells: [
      codeCell('a', '1'),
      codeCell('b', '2'),
      {
        ...codeCell('c', '3'),
        execution_count: 4,
        outputs: [{ output_type: 'stream', name: 'stdout', text: ['o', 'k'] }]
      }
    ]
  });
  expect(restoreVersion(document, version)).toBe(true);
  expect(ids(document)).toEqual(['a', 'b', 'c']);
  expect(document.cells.map(cell => cell.source)).toEqual(['1', '2', '3']);
  expect(document.getCell(0)).toBe(kept);
  expect(document.getCell(2).toJSON()).toMatchObject({
    execution_count: 4,
    outputs: [{ text: 'ok' }]
  });
  document.undo();
  expect(ids(document)).toEqual(['a', 'new', 'c']);
  expect(document.getCell(2).source).toBe('changed');
});

test('a broken notebook version is refused and changes nothing', () => {
  const document = notebook(codeCell('a', '1'));
  expect(restoreVersion(document, '{ broken')).toBe(false);
  expect(ids(document)).toEqual(['a']);
});

test('one cell of a version comes back after the cell it followed', () => {
  const document = notebook(codeCell('a', '1'), codeCell('z', 'z'));
  const version = [codeCell('a', 'old'), codeCell('b', '2')];
  restoreCell(document, version, 1);
  expect(ids(document)).toEqual(['a', 'b', 'z']);
  expect(document.getCell(0).source).toBe('1');
  restoreCell(document, version, 0);
  expect(document.getCell(0).source).toBe('old');
});
