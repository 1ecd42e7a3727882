import { YFile, YNotebook } from '@jupyter/ydoc';
import { expect, test } from 'vitest';
import * as Y from 'yjs';

import { DeletionLog } from './deletion-log';

function sync(from: Y.Doc, to: Y.Doc): void {
  Y.applyUpdate(to, Y.encodeStateAsUpdate(from));
}

function file(source: string): YFile {
  const made = YFile.create();
  made.setSource(source);
  return made;
}

test('what I deleted goes back to its place, however the text moved on', () => {
  const mine = file('one\ntwo\nthree\n');
  const log = new DeletionLog(mine);
  const theirs = YFile.create();
  sync(mine.ydoc, theirs.ydoc);
  mine.updateSource(4, 8);
  theirs.updateSource(0, 0, 'zero 😀\n');
  sync(theirs.ydoc, mine.ydoc);
  const [deletion] = log.list();
  expect(deletion.text).toBe('two\n');
  expect(log.restore(deletion)).toBe(true);
  expect(mine.source).toBe('zero 😀\none\ntwo\nthree\n');
  expect(log.list()).toEqual([]);
  mine.undo();
  expect(mine.source).toBe('zero 😀\none\nthree\n');
});

test('what others deleted and what I undid is not mine to put back', () => {
  const mine = file('one\ntwo\n');
  const log = new DeletionLog(mine);
  const theirs = YFile.create();
  sync(mine.ydoc, theirs.ydoc);
  theirs.updateSource(0, 4);
  sync(theirs.ydoc, mine.ydoc);
  mine.updateSource(0, 0, 'more text\n');
  mine.undo();
  expect(log.list()).toEqual([]);
});

test('keys pressed one after another are one deletion', () => {
  let now = 0;
  const mine = file('abcdefghij');
  const log = new DeletionLog(mine, () => now);
  for (let end = 8; end > 4; end -= 1) {
    now += 200;
    mine.updateSource(end - 1, end);
  }
  for (let count = 0; count < 2; count += 1) {
    mine.updateSource(4, 5);
  }
  expect(log.list().map(deletion => deletion.text)).toEqual(['efghij']);
  now += 60_000;
  mine.updateSource(0, 4);
  expect(log.list().map(deletion => deletion.text)).toEqual(['abcd', 'efghij']);
  for (const deletion of log.list()) {
    log.restore(deletion);
  }
  expect(mine.source).toBe('abcdefghij');
});

test('a replaced word is put back beside what replaced it', () => {
  const mine = file('print(old_name)');
  const log = new DeletionLog(mine);
  mine.updateSource(6, 14, 'new');
  log.restore(log.list()[0]);
  expect(mine.source).toBe('print(newold_name)');
});

test('a deleted cell comes back with its id and text, a moved one is not listed', () => {
  const notebook = YNotebook.create({
    data: {
      cells: ['a', 'b', 'c'].map(id => ({
        id,
        cell_type: 'code',
        source: `print("${id}")`,
        metadata: {},
        outputs: [],
        execution_count: null
      }))
    }
  });
  const log = new DeletionLog(notebook);
  notebook.moveCell(0, 2);
  expect(log.list()).toEqual([]);
  expect(notebook.cells.map(cell => cell.id)).toEqual(['b', 'c', 'a']);
  notebook.getCell(1).updateSource(0, 5, 'show');
  notebook.deleteCell(1);
  const [deletion] = log.list();
  expect(deletion).toMatchObject({ type: 'cell', text: 'show("c")' });
  expect(log.restore(deletion)).toBe(true);
  expect(notebook.cells.map(cell => cell.id)).toEqual(['b', 'c', 'a']);
  expect(notebook.getCell(1).source).toBe('show("c")');
});

test('text deleted in a cell goes back into that cell', () => {
  const notebook = YNotebook.create({
    disableDocumentWideUndoRedo: true,
    data: { cells: [{ id: 'a', cell_type: 'markdown', source: 'one two' }] }
  } as unknown as Parameters<typeof YNotebook.create>[0]);
  const log = new DeletionLog(notebook);
  const cell = notebook.getCell(0);
  cell.updateSource(3, 7);
  log.restore(log.list()[0]);
  expect(cell.source).toBe('one two');
  cell.undo();
  expect(cell.source).toBe('one');
  cell.updateSource(0, 3);
  notebook.deleteCell(0);
  const texts = log.list().filter(deletion => deletion.type === 'text');
  expect(texts.map(deletion => log.restore(deletion))).toEqual([false]);
});

test('the log forgets the oldest of many', () => {
  let now = 0;
  const mine = file('word '.repeat(300));
  const log = new DeletionLog(mine, () => now);
  for (let count = 0; count < 250; count += 1) {
    now += 10_000;
    mine.updateSource(0, 5);
  }
  expect(log.list().length).toBe(200);
});
