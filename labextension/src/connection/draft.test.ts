import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';

import {
  IMerge,
  LOOSE_TEXT,
  mergeInto,
  passagesOf,
  readDraftParts
} from './draft';

function apply(text: string, { replacements }: IMerge): string {
  return replacements.reduce(
    (result, { from, to, insert }) =>
      result.slice(0, from) + insert + result.slice(to),
    text
  );
}

describe('mergeInto', () => {
  it.each([
    [
      'nothing changed elsewhere',
      'a\nb\nc',
      'a\nB\nc',
      'a\nb\nc',
      'a\nB\nc',
      0
    ],
    [
      'lines added above',
      'a\nb\nc',
      'a\nB\nc',
      'x\ny\na\nb\nc',
      'x\ny\na\nB\nc',
      0
    ],
    ['a line appended at the end', 'a', 'a\nb', 'a', 'a\nb', 0],
    ['both appended', 'a', 'a\nmine', 'a\ntheirs', 'a\ntheirs\nmine', 0],
    ['into an empty file', '', 'x', '', 'x', 0],
    ['the last line removed', 'a\nb', 'a', 'a\nb', 'a', 0],
    ['everything removed', 'a\nb', '', 'a\nb', '', 0],
    ['already there', 'a\nb', 'a\nB', 'a\nB', 'a\nB', 0],
    [
      'the same line changed by others',
      'a\nb\nc',
      'a\nB\nc',
      'a\nX\nc',
      'a\nX\nc',
      1
    ],
    [
      'one placed, one not',
      'a\nb\nc\nd',
      'A\nb\nc\nD',
      'a\nb\nc\nX',
      'A\nb\nc\nX',
      1
    ],
    ['not ASCII', 'é\n😀\nz', 'é\n😀!\nz', 'q\né\n😀\nz', 'q\né\n😀!\nz', 0]
  ])('%s', (_name, base, mine, current, expected, conflicts) => {
    const merge = mergeInto(current, { base, mine });
    expect(apply(current, merge)).toBe(expected);
    expect(merge.conflicts).toBe(conflicts);
  });
});

describe('readDraftParts', () => {
  function editedFile(): { state: Uint8Array; edits: Uint8Array[] } {
    const doc = new Y.Doc({ gc: false });
    doc.getText('source').insert(0, 'def add(a, b):\n    return a - b\n');
    const edits: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => edits.push(update));
    doc.getText('source').delete(28, 1);
    doc.getText('source').insert(28, '+');
    doc.getText('source').insert(0, '# sums\n');
    doc.getMap('state').set('dirty', true);
    return { state: Y.encodeStateAsUpdate(doc), edits };
  }

  it('tells the text before and after, deletions included', () => {
    const { state, edits } = editedFile();
    expect(readDraftParts('file', state, edits)).toEqual([
      {
        key: 'source',
        label: '',
        base: 'def add(a, b):\n    return a - b\n',
        mine: '# sums\ndef add(a, b):\n    return a + b\n'
      }
    ]);
  });

  it('is empty when only the state of the document was touched', () => {
    const doc = new Y.Doc();
    const edits: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => edits.push(update));
    doc.getMap('state').set('dirty', true);
    expect(readDraftParts('file', Y.encodeStateAsUpdate(doc), edits)).toEqual(
      []
    );
  });

  it('lists only the cells that changed', () => {
    const doc = new Y.Doc({ gc: false });
    const cell = (id: string, source: string) => {
      const map = new Y.Map<unknown>();
      map.set('id', id);
      map.set('source', new Y.Text(source));
      return map;
    };
    const cells = doc.getArray<Y.Map<unknown>>('cells');
    cells.push([cell('one', 'x = 1'), cell('two', 'y = 2')]);
    const edits: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => edits.push(update));
    (cells.get(1).get('source') as Y.Text).insert(5, '3');
    cells.push([cell('three', 'z')]);
    expect(
      readDraftParts('notebook', Y.encodeStateAsUpdate(doc), edits)
    ).toEqual([
      { key: 'two', label: '[2]', base: 'y = 2', mine: 'y = 23' },
      { key: 'three', label: '[3]', base: '', mine: 'z' }
    ]);
  });

  it('reads the message that was not sent', () => {
    const doc = new Y.Doc();
    const edits: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => edits.push(update));
    doc.getArray('messages').push([{ id: '1', body: 'Hello', sender: 'ada' }]);
    const parts = readDraftParts('chat', Y.encodeStateAsUpdate(doc), edits);
    expect(parts.map(part => part.mine)).toEqual(['Hello\n']);
  });

  it('falls back to the typed characters when there is no document', () => {
    const { edits } = editedFile();
    const [part] = readDraftParts('file', null, edits);
    expect(part.key).toBe(LOOSE_TEXT);
    expect(part.mine).toContain('# sums\n');
  });
});

describe('the passages of a draft', () => {
  it('are the lines that the person wrote', () => {
    const base = 'one\ntwo\nthree\n';
    const mine = 'ONE\ntwo\nthree\nfour\nfive\n';
    expect(passagesOf({ base, mine })).toEqual(['ONE', 'four\nfive']);
    expect(passagesOf({ base: '', mine: 'all' })).toEqual(['all']);
    expect(passagesOf({ base, mine: 'one\nthree\n' })).toEqual([]);
  });
});
