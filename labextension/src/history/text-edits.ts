import { diff } from '@codemirror/merge';

/** Replace `from` to `to` (UTF-16 units of the old text) by `insert`. */
export interface ITextEdit {
  from: number;
  to: number;
  insert: string;
}

const DIFF_LIMITS = { scanLimit: 2_000, timeout: 400 };

/** Few small edits, in order, that make `after` of `before`. */
export function textEdits(before: string, after: string): ITextEdit[] {
  if (before === after) {
    return [];
  }
  return diff(before, after, DIFF_LIMITS).map(change => ({
    from: change.fromA,
    to: change.toA,
    insert: after.slice(change.fromB, change.toB)
  }));
}

/** Make edits (in order, of the old text) from the last to the first, so that offsets hold. */
export function applyEdits(
  edits: ITextEdit[],
  replace: (from: number, to: number, insert: string) => void
): void {
  for (let index = edits.length - 1; index >= 0; index -= 1) {
    const { from, to, insert } = edits[index];
    replace(from, to, insert);
  }
}

/**
 * The text of a stored version in the form the open document has it.
 *
 * The disk may have a byte order mark and CRLF where the editor works without; and the mark is
 * lost on the way through HTTP.
 */
export function likeDocument(stored: string, document: string): string {
  const mark = document.startsWith('\ufeff') ? '\ufeff' : '';
  const text = mark + stored.replace(/^\ufeff/, '');
  return document.includes('\r') ? text : text.replace(/\r\n?/g, '\n');
}
