import type * as nbformat from '@jupyterlab/nbformat';
import { expect, test } from 'vitest';

import { longestIncreasing, restoreSteps } from './notebook-restore';
import { notebookText, parseNotebook } from './notebook-text';

function cell(id: string | undefined, source: string): nbformat.ICell {
  return {
    ...(id === undefined ? {} : { id }),
    cell_type: 'code',
    source,
    metadata: {},
    outputs: [],
    execution_count: null
  };
}

function run(
  current: nbformat.ICell[],
  target: nbformat.ICell[]
): nbformat.ICell[] {
  const cells = [...current];
  for (const step of restoreSteps(current, target)) {
    if (step.type === 'delete') {
      cells.splice(step.index, 1);
    } else {
      cells.splice(step.index, step.type === 'insert' ? 0 : 1, step.cell);
    }
  }
  return cells;
}

test('cells with the same id stay and only what differs is updated', () => {
  const current = [cell('a', '1'), cell('b', '2'), cell('c', '3')];
  const target = [cell('a', '1'), cell('b', 'two'), cell('d', '4')];
  expect(restoreSteps(current, target)).toEqual([
    { type: 'delete', index: 2 },
    { type: 'update', index: 1, cell: target[1] },
    { type: 'insert', index: 2, cell: target[2] }
  ]);
});

test('the steps give the version whatever happened in between', () => {
  let seed = 3;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return (seed >> 8) % below;
  };
  const some = (hasIds: boolean): nbformat.ICell[] =>
    'abcdefgh'
      .split('')
      .filter(() => random(3) > 0)
      .sort(() => random(3) - 1)
      .map(id => cell(hasIds ? id : undefined, String(random(3))));
  for (let round = 0; round < 300; round += 1) {
    const hasIds = round % 2 === 0;
    const current = some(hasIds);
    const target = some(hasIds);
    expect(run(current, target)).toEqual(target);
  }
});

test('a cell that became another type is replaced', () => {
  const target = { ...cell('a', 'x'), cell_type: 'markdown' };
  expect(
    restoreSteps([cell('a', 'x')], [target]).map(step => step.type)
  ).toEqual(['delete', 'insert']);
});

test('a longest increasing row is found', () => {
  const values = [4, 1, 2, 9, 3, 8];
  expect(longestIncreasing(values).map(index => values[index])).toEqual([
    1, 2, 3, 8
  ]);
  expect(longestIncreasing([])).toEqual([]);
});

test('a notebook from the disk is read with its lines joined', () => {
  const content = JSON.stringify({
    cells: [
      {
        id: 'a',
        cell_type: 'code',
        source: ['x = 1\n', 'x'],
        metadata: {},
        execution_count: 1,
        outputs: [
          { output_type: 'stream', name: 'stdout', text: ['1\n', '2'] },
          {
            output_type: 'display_data',
            metadata: {},
            data: { 'text/plain': ['a', 'b'], 'application/json': [1, 2] }
          }
        ]
      },
      { id: 'b', cell_type: 'markdown', source: '# Title', metadata: {} }
    ]
  });
  const notebook = parseNotebook(content);
  expect(notebook?.cells[0].source).toBe('x = 1\nx');
  expect(notebook?.cells[0].outputs).toEqual([
    { output_type: 'stream', name: 'stdout', text: '1\n2' },
    {
      output_type: 'display_data',
      metadata: {},
      data: { 'text/plain': 'ab', 'application/json': [1, 2] }
    }
  ]);
  expect(notebook && notebookText(notebook).text).toBe(
    '# %%\nx = 1\nx\n\n# %% [markdown]\n# Title\n\n'
  );
});

test('what is no notebook is none', () => {
  for (const content of ['{', 'null', '3', '{"cells": 4}']) {
    expect(parseNotebook(content)).toBeNull();
  }
});
