import type * as nbformat from '@jupyterlab/nbformat';
import * as Y from 'yjs';

/** A cell as it was in the moment it went, and the index it had. */
export interface IGoneCell {
  index: number;
  cell: nbformat.ICell;
}

/**
 * Read the cells that an event deleted; a cell whose id came back in the same event only moved.
 *
 * The items of a deleted map are marked deleted too, but keep their content until the
 * transaction ends: reading them directly is the only way to what they held.
 */
export function deletedCells(
  event: Y.YEvent<Y.AbstractType<unknown>>,
  cells: Y.Array<Y.Map<unknown>>
): IGoneCell[] {
  const gone = [...event.changes.deleted].map(item => readCell(item, event));
  const present = new Set(cells.map(cell => cell.get('id')));
  const found: IGoneCell[] = [];
  let index = 0;
  let taken = 0;
  for (const change of event.changes.delta) {
    if (change.delete !== undefined) {
      for (const cell of gone.slice(taken, taken + change.delete)) {
        if (cell !== null && !present.has(cell.id)) {
          found.push({ index, cell });
        }
      }
      taken += change.delete;
    } else {
      index += change.retain ?? (change.insert as unknown[]).length;
    }
  }
  return found;
}

function readCell(
  item: Y.Item,
  event: Y.YEvent<Y.AbstractType<unknown>>
): nbformat.ICell | null {
  const map = item.content instanceof Y.ContentType ? item.content.type : null;
  if (!(map instanceof Y.Map)) {
    return null;
  }
  const cellType = lastValue(map, 'cell_type');
  const source = lastValue(map, 'source');
  if (typeof cellType !== 'string' || !(source instanceof Y.Text)) {
    return null;
  }
  return {
    id: lastValue(map, 'id') as string,
    cell_type: cellType,
    source: textOf(gonePieces(source, event)),
    metadata: {},
    ...(cellType === 'code' ? { outputs: [], execution_count: null } : {})
  };
}

function lastValue(map: Y.Map<unknown>, key: string): unknown {
  const content = map._map.get(key)?.content.getContent();
  return content?.[content.length - 1];
}

/** A stretch of deleted text by the ids of its units. */
export interface IGonePiece {
  clientId: number;
  clock: number;
  text: string;
}

/** The text that an event deleted, in order, and nothing deleted before it. */
export function gonePieces(
  text: Y.Text,
  event: Pick<Y.YTextEvent, 'adds' | 'deletes'>
): IGonePiece[] {
  const pieces: IGonePiece[] = [];
  for (let item = text._start; item !== null; item = item.right) {
    const isGone = event.deletes(item) && !event.adds(item);
    if (isGone && item.content instanceof Y.ContentString) {
      const { client, clock } = item.id;
      pieces.push({ clientId: client, clock, text: item.content.str });
    }
  }
  return pieces;
}

/** How far into the deleted text an anchor points, null when it points elsewhere. */
export function offsetIn(
  pieces: IGonePiece[],
  anchor: Y.RelativePosition
): number | null {
  let offset = 0;
  for (const { clientId, clock, text } of pieces) {
    const within =
      anchor.item?.client === clientId ? anchor.item.clock - clock : -1;
    if (within >= 0 && within < text.length) {
      return offset + within + 1;
    }
    offset += text.length;
  }
  return null;
}

/** The text of pieces in a row. */
export function textOf(pieces: IGonePiece[]): string {
  return pieces.map(piece => piece.text).join('');
}
