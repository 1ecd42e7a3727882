import { expect, test } from 'vitest';
import * as Y from 'yjs';

import { chunkEdit } from './chunk-restore';
import { applyEdits, likeDocument, textEdits } from './text-edits';

let seed = 11;
function random(below: number): number {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return (seed >> 8) % below;
}

function randomText(lines: number): string {
  const words = ['alpha', 'β', '😀😁', '', 'def f():', '    return 1', '\t'];
  return Array.from({ length: lines }, () => words[random(words.length)]).join(
    '\n'
  );
}

function mutate(text: string): string {
  const lines = text.split('\n');
  for (let count = 1 + random(5); count > 0; count -= 1) {
    const at = random(lines.length);
    if (random(2)) {
      lines.splice(at, random(3));
    } else {
      lines.splice(at, 0, randomText(1 + random(3)));
    }
  }
  return lines.join('\n');
}

function applied(before: string, after: string): string {
  let text = before;
  applyEdits(textEdits(before, after), (from, to, insert) => {
    text = text.slice(0, from) + insert + text.slice(to);
  });
  return text;
}

test('the edits make the version of the present text', () => {
  for (let round = 0; round < 300; round += 1) {
    const before = randomText(random(30));
    const after = mutate(before);
    expect(applied(before, after)).toBe(after);
  }
});

test('the edits leave everything else where it is', () => {
  const before = 'one\ntwo\nthree\n';
  expect(textEdits(before, 'one\nTWO\nthree\n')).toEqual([
    { from: 4, to: 7, insert: 'TWO' }
  ]);
  expect(textEdits(before, before)).toEqual([]);
});

test('edits never cut an emoji in two, which Yjs could not store', () => {
  for (const [before, after] of [
    ['a😀b', 'a😁b'],
    ['😀😁😂', '😁😂😀'],
    ['👩‍💻', '👨‍💻']
  ]) {
    const doc = new Y.Doc();
    const text = doc.getText();
    text.insert(0, before);
    applyEdits(textEdits(before, after), (from, to, insert) => {
      text.insert(from, insert);
      text.delete(from + insert.length, to - from);
    });
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    expect(copy.getText().toJSON()).toBe(after);
  }
});

test('very different large texts take bounded time', () => {
  const before = Array.from({ length: 20_000 }, () => random(1e9)).join('\n');
  const after = Array.from({ length: 20_000 }, () => random(1e9)).join('\n');
  const started = performance.now();
  expect(applied(before, after)).toBe(after);
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('a version is compared in the form the editor has', () => {
  expect(likeDocument('\ufeffa\r\nb\r', 'x\ny')).toBe('a\nb\n');
  expect(likeDocument('a\r\nb', 'x\r\ny')).toBe('a\r\nb');
  expect(likeDocument('a', '\ufeffb')).toBe('\ufeffa');
});

test('putting back one changed piece after another gives the version', () => {
  for (let round = 0; round < 200; round += 1) {
    const version = randomText(1 + random(12));
    let present = mutate(version);
    for (let step = 0; present !== version; step += 1) {
      expect(step).toBeLessThan(100);
      const edit = firstChunkEdit(version, present);
      present =
        present.slice(0, edit.from) + edit.insert + present.slice(edit.to);
    }
  }
});

function firstChunkEdit(
  version: string,
  present: string
): { from: number; to: number; insert: string } {
  for (let from = 0; from <= present.length + 1; from += 1) {
    const edit = chunkEdit(version, present, from);
    if (edit !== null) {
      return edit;
    }
  }
  throw new Error(`No chunk: ${JSON.stringify([version, present])}`);
}
