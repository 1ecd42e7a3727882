import { Text } from '@codemirror/state';
import { Chunk } from '@codemirror/merge';

import { ITextEdit } from './text-edits';

/** An edit of the present text, and the stretch of the version it brings back. */
export interface IChunkEdit extends ITextEdit {
  versionFrom: number;
  versionTo: number;
}

/**
 * The edit of the present text that brings one changed chunk back to what the version said.
 *
 * Null when the present text no longer has the chunk where `presentFrom` points.
 */
export function chunkEdit(
  version: string,
  present: string,
  presentFrom: number
): IChunkEdit | null {
  const old = Text.of(version.split('\n'));
  const now = Text.of(present.split('\n'));
  const chunk = Chunk.build(old, now).find(
    found => found.fromB <= presentFrom && presentFrom <= found.endB
  );
  return chunk === undefined ? null : editOf(chunk, old, now);
}

function editOf(chunk: Chunk, old: Text, now: Text): IChunkEdit {
  let insert = old.sliceString(chunk.fromA, chunk.endA);
  let to = chunk.endB;
  let from = chunk.fromB;
  const isWholeLines = chunk.fromA === chunk.toA || chunk.fromB === chunk.toB;
  if (isWholeLines) {
    if (chunk.fromA === chunk.toA) {
      // Lines to remove, with the line break after or, at the end, before them.
      if (chunk.toB <= now.length) {
        to = chunk.toB;
      } else {
        from = Math.max(0, from - 1);
      }
    } else if (chunk.fromB <= now.length) {
      insert += '\n';
    } else {
      from = to = now.length;
      insert = `\n${insert}`;
    }
  }
  return {
    from,
    to,
    insert,
    versionFrom: chunk.fromA,
    versionTo: chunk.endA
  };
}
