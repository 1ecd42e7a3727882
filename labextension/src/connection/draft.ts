/**
 * Drafts: a person's edits that can't become part of the document by themselves, in words.
 *
 * A document is seen as parts with a text each: the one source of a file, the cells of a notebook.
 */
import { Text } from '@codemirror/state';
import { Chunk } from '@codemirror/merge';
import * as Y from 'yjs';

import { readContents, IContents } from './outbox';

/** One text of a document that the person changed. */
export interface IDraftPart {
  /** The cell's id in a notebook. */
  key: string;
  label: string;
  /** The text before the unsent edits. */
  base: string;
  /** The text with them. */
  mine: string;
}

export interface IDraft {
  id: string;
  /** Server, person and document. */
  document: string;
  path: string;
  content_type: string;
  /** Why it couldn't be sent: a stable id, and the server's words if any. */
  code: string;
  message: string;
  /** Seconds since the epoch. */
  created: number;
  parts: IDraftPart[];
}

/** What `readDraft` finds of a document whose structure it doesn't know. */
export const LOOSE_TEXT = 'loose-text';

/**
 * Put the unsent `edits` of a document into words.
 *
 * @param state - the whole document, or null when only the edits are known.
 */
export function readDraftParts(
  contentType: string,
  state: Uint8Array | null,
  edits: readonly Uint8Array[]
): IDraftPart[] {
  if (edits.length === 0) {
    return [];
  }
  const merged = Y.mergeUpdates([...edits]);
  const texts = state ? openTexts(contentType, state, merged) : null;
  if (!texts) {
    return readLooseText(merged);
  }
  const unsent = readContents(merged);
  return texts
    .map(({ key, label, text }) => ({
      key,
      label,
      base: textBefore(text, unsent),
      mine: text.toJSON()
    }))
    .filter(part => part.base !== part.mine);
}

interface IText {
  key: string;
  label: string;
  text: Y.Text;
}

function openTexts(
  contentType: string,
  state: Uint8Array,
  edits: Uint8Array
): IText[] | null {
  // Without garbage collection what the edits delete can still be read.
  const doc = new Y.Doc({ gc: false });
  Y.applyUpdate(doc, state);
  Y.applyUpdate(doc, edits);
  if (contentType === 'notebook') {
    return doc
      .getArray<Y.Map<unknown>>('cells')
      .toArray()
      .flatMap((cell, index) => {
        const text = cell.get('source');
        const id = cell.get('id');
        return text instanceof Y.Text
          ? [{ key: String(id), label: `[${index + 1}]`, text }]
          : [];
      });
  }
  return contentType === 'file'
    ? [{ key: 'source', label: '', text: doc.getText('source') }]
    : null;
}

/** A text as it was before some edits, of which it holds the deleted characters still. */
function textBefore(text: Y.Text, edits: IContents): string {
  let before = '';
  for (let item = text._start; item !== null; item = item.right) {
    if (!(item.content instanceof Y.ContentString)) {
      continue;
    }
    const { client, clock } = item.id;
    const characters = item.content.str;
    for (let index = 0; index < characters.length; index++) {
      const isUnsent = covers(edits.inserted, client, clock + index);
      const wasDeleted =
        item.deleted && !covers(edits.deleted, client, clock + index);
      if (!isUnsent && !wasDeleted) {
        before += characters[index];
      }
    }
  }
  return before;
}

/** Whether a character or item is in some ranges. */
export function covers(
  ranges: IContents['deleted'],
  client: number,
  clock: number
): boolean {
  return (ranges.get(client) ?? []).some(
    range => range.start <= clock && clock < range.end
  );
}

/** The characters typed, when there is no document to put them in. */
function readLooseText(edits: Uint8Array): IDraftPart[] {
  const mine = Y.decodeUpdate(edits)
    .structs.map(struct => (struct instanceof Y.Item ? readTyped(struct) : ''))
    .join('');
  return mine ? [{ key: LOOSE_TEXT, label: '', base: '', mine }] : [];
}

/** The words of an item: characters of a text, or the body of a chat message. */
function readTyped({ content }: Y.Item): string {
  if (content instanceof Y.ContentString) {
    return content.str;
  }
  if (!(content instanceof Y.ContentAny)) {
    return '';
  }
  return content.arr
    .map((value: unknown) =>
      typeof value === 'object' &&
      value !== null &&
      'body' in value &&
      typeof value.body === 'string'
        ? `${value.body}\n`
        : ''
    )
    .join('');
}

/** The lines that the person changed, as they wrote them; none where they only deleted. */
export function passagesOf(
  part: Pick<IDraftPart, 'base' | 'mine'>
): readonly string[] {
  const [base, mine] = [part.base, part.mine].map(toText);
  return Chunk.build(base, mine)
    .map(({ fromB, endB }) => mine.sliceString(fromB, endB))
    .filter(passage => passage !== '');
}

export interface IReplacement {
  from: number;
  to: number;
  insert: string;
}

export interface IMerge {
  /** Edits of the current text, last first so that they can be made one by one. */
  replacements: IReplacement[];
  /** Changes whose place others changed meanwhile. */
  conflicts: number;
}

/**
 * Place the changes from `base` to `mine` in the text as it is now.
 *
 * Lines that others changed as well are left alone and counted as conflicts; what others did
 * already in the same words is no change at all.
 */
export function mergeInto(
  current: string,
  part: Pick<IDraftPart, 'base' | 'mine'>
): IMerge {
  const [base, mine, now] = [part.base, part.mine, current].map(toText);
  const theirs = Chunk.build(base, now);
  const merge: IMerge = { replacements: [], conflicts: 0 };
  for (const change of Chunk.build(base, mine)) {
    const insert = mine.sliceString(change.fromB, change.toB);
    const touching = theirs.filter(
      their => their.fromA <= change.toA && change.fromA <= their.toA
    );
    const isPlaced = touching.some(
      their =>
        their.fromA === change.fromA &&
        their.toA === change.toA &&
        now.sliceString(their.fromB, their.toB) === insert
    );
    if (isPlaced) {
      continue;
    }
    const overlaps = touching.some(
      their => their.fromA < change.toA && change.fromA < their.toA
    );
    if (overlaps) {
      merge.conflicts += 1;
      continue;
    }
    const offset = theirs
      .filter(their => their.toA <= change.fromA)
      .reduce(
        (sum, their) =>
          sum + (their.toB - their.fromB) - (their.toA - their.fromA),
        0
      );
    merge.replacements.unshift(
      clip(current.length, change.fromA + offset, change.toA + offset, insert)
    );
  }
  return merge;
}

/** Split at line feeds only, so that positions stay; a last one makes every line whole. */
function toText(text: string): Text {
  return Text.of(`${text}\n`.split('\n'));
}

/** Say a replacement without the line feed that `toText` put at the end. */
function clip(
  length: number,
  from: number,
  to: number,
  insert: string
): IReplacement {
  if (to <= length) {
    return { from, to, insert };
  }
  const withoutLast = insert.endsWith('\n') ? insert.slice(0, -1) : insert;
  if (from > length) {
    return { from: length, to: length, insert: `\n${withoutLast}` };
  }
  return insert === '' && from > 0
    ? { from: from - 1, to: length, insert: '' }
    : { from, to: length, insert: withoutLast };
}
