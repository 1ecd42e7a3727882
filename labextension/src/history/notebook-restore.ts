import { JSONExt, PartialJSONValue } from '@lumino/coreutils';
import type * as nbformat from '@jupyterlab/nbformat';

/** One step that brings the cells nearer to a version; indices hold when steps run in order. */
export type CellStep =
  | { type: 'delete'; index: number }
  | { type: 'insert'; index: number; cell: nbformat.ICell }
  | { type: 'update'; index: number; cell: nbformat.ICell };

/**
 * The steps from `current` to `target`: cells with the same id stay and are updated, others go
 * or come. A cell that moved is deleted and inserted, as JupyterLab moves cells.
 */
export function restoreSteps(
  current: nbformat.ICell[],
  target: nbformat.ICell[]
): CellStep[] {
  const keys = keysOf(current);
  const targetKeys = keysOf(target);
  const kept = keptKeys(keys, targetKeys, current, target);
  const steps: CellStep[] = [];
  for (let index = keys.length - 1; index >= 0; index -= 1) {
    if (!kept.has(keys[index])) {
      steps.push({ type: 'delete', index });
    }
  }
  target.forEach((cell, index) => {
    const before = kept.get(targetKeys[index]);
    if (before === undefined) {
      steps.push({ type: 'insert', index, cell });
    } else if (!isSameCell(current[before], cell)) {
      steps.push({ type: 'update', index, cell });
    }
  });
  return steps;
}

/** Ids, or for notebooks without ids the text and its number of occurrence. */
function keysOf(cells: nbformat.ICell[]): string[] {
  const seen = new Map<string, number>();
  return cells.map(cell => {
    const base =
      typeof cell.id === 'string'
        ? `id:${cell.id}`
        : `text:${cell.cell_type}:${String(cell.source)}`;
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return count ? `${base}#${count}` : base;
  });
}

/** The longest row of cells that both have in the same order: key to current index. */
function keptKeys(
  keys: string[],
  targetKeys: string[],
  current: nbformat.ICell[],
  target: nbformat.ICell[]
): Map<string, number> {
  const positions = new Map(keys.map((key, index) => [key, index]));
  const candidates: { key: string; position: number }[] = [];
  targetKeys.forEach((key, index) => {
    const position = positions.get(key);
    const isSameType =
      position !== undefined &&
      current[position].cell_type === target[index].cell_type;
    if (isSameType) {
      candidates.push({ key, position });
    }
  });
  return new Map(
    longestIncreasing(candidates.map(candidate => candidate.position)).map(
      index => [candidates[index].key, candidates[index].position]
    )
  );
}

/** Indices of a longest increasing subsequence (patience sorting). */
export function longestIncreasing(values: number[]): number[] {
  const tails: number[] = [];
  const previous: number[] = [];
  values.forEach((value, index) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[tails[middle]] < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    previous[index] = low > 0 ? tails[low - 1] : -1;
    tails[low] = index;
  });
  const found: number[] = [];
  let index = tails.length ? tails[tails.length - 1] : -1;
  while (index >= 0) {
    found.unshift(index);
    index = previous[index];
  }
  return found;
}

function isSameCell(a: nbformat.ICell, b: nbformat.ICell): boolean {
  return (
    a.source === b.source &&
    isSame(a.metadata, b.metadata) &&
    isSame(a.outputs, b.outputs) &&
    isSame(a.execution_count, b.execution_count) &&
    isSame(a.attachments, b.attachments)
  );
}

function isSame(a: unknown, b: unknown): boolean {
  return JSONExt.deepEqual(
    (a ?? null) as PartialJSONValue,
    (b ?? null) as PartialJSONValue
  );
}
