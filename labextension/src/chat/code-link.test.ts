import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';

import {
  createCodeLink,
  fence,
  lineAt,
  linkLabel,
  locate,
  METADATA_KEY,
  readExtras,
  textOf
} from './code-link';

const CODE = 'one\ntwo 👍\nthree\nfour\n';

function open(content = CODE): Y.Text {
  const text = new Y.Doc().getText('source');
  text.insert(0, content);
  return text;
}

function linkTo(text: Y.Text, part: string) {
  const start = textOf(text).indexOf(part);
  return createCodeLink(text, start, start + part.length, {
    path: 'src/a.py',
    fileId: 'f1'
  });
}

function found(text: Y.Text, link: ReturnType<typeof linkTo>): string | null {
  const place = locate(link, text);
  return place && textOf(text).slice(place.start, place.end);
}

describe('a link to code', () => {
  it('says file and lines', () => {
    const link = linkTo(open(), 'two 👍\nthree');
    expect([link.start_line, link.end_line]).toEqual([2, 3]);
    expect(linkLabel(link)).toBe('a.py:2-3');
    expect(linkLabel(linkTo(open(), 'three'))).toBe('a.py:3');
  });

  it('follows the text through edits above, inside and around it', () => {
    const text = open();
    const link = linkTo(text, 'two 👍\nthree');
    text.insert(0, '# a line above\n# 👍\n');
    expect(found(text, link)).toBe('two 👍\nthree');
    text.insert(textOf(text).indexOf('three'), 'new ');
    expect(found(text, link)).toBe('two 👍\nnew three');
    text.insert(textOf(text).indexOf('\nfour'), ' # typed behind');
    expect(found(text, link)).toBe('two 👍\nnew three');
    text.delete(textOf(text).indexOf('two'), 4);
    expect(found(text, link)).toBe('👍\nnew three');
  });

  it('follows edits of others, in a copy of the document', () => {
    const text = open();
    const link = linkTo(text, 'three');
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(text.doc as Y.Doc));
    const theirs = copy.getText('source');
    theirs.insert(0, 'zero\n');
    expect(found(theirs, link)).toBe('three');
  });

  it('finds the nearest equal text in a document that began anew', () => {
    const link = linkTo(open('x\nsame\ny\nz\n'), 'same');
    const anew = open('same\n1\n2\n3\n4\n5\nsame\n');
    expect(locate(link, anew)).toEqual({ start: 0, end: 4, exact: true });
  });

  it('falls back to the lines it once had', () => {
    const link = { ...linkTo(open(), 'three'), from: '!', to: '' };
    expect(locate(link, open('a\nb\nc\nd'))).toEqual({
      start: 4,
      end: 5,
      exact: false
    });
    expect(locate(link, open('a'))).toBeNull();
  });

  it('points at the spot when the text was deleted', () => {
    const text = open();
    const link = linkTo(text, 'three\n');
    text.delete(textOf(text).indexOf('three'), 6);
    expect(locate(link, text)).toMatchObject({ exact: false });
  });
});

describe('what a message carries', () => {
  it('leaves out what is no link of ours', () => {
    const link = linkTo(open(), 'three');
    const links = [link, null, 5, { path: 'x' }] as never;
    expect(readExtras({ [METADATA_KEY]: { links, reply_to: 'm1' } })).toEqual({
      links: [link],
      replyTo: 'm1'
    });
    for (const wrong of [undefined, {}, { [METADATA_KEY]: [1] }]) {
      expect(readExtras(wrong as never)).toEqual({ links: [], replyTo: null });
    }
  });
});

describe('small helpers', () => {
  it('fences code that holds fences', () => {
    expect(fence('a\n', 'python')).toBe('```python\na\n```');
    expect(fence('````\nx', '')).toBe('`````\n````\nx\n`````');
  });

  it('counts lines', () => {
    expect([0, 3, 4, 99].map(offset => lineAt('one\ntwo', offset))).toEqual([
      1, 1, 2, 2
    ]);
  });
});
