import { EditorState } from '@codemirror/state';
import { describe, expect, it } from 'vitest';

import { IPathAccess, IRange, Permission } from '../api/access';
import {
  findTrespass,
  kindOfLine,
  linesOf,
  locksField,
  placeLocks,
  setLocks
} from './placed-locks';
import { isCellFree, notebookLocks, textLocks, zoneOfCell } from './zones';

const TEXT = Array.from({ length: 9 }, (_, index) => `line ${index + 1}`);

function range(given: Partial<IRange>): IRange {
  return {
    id: 'r',
    path: 'a.py',
    kind: 'lines',
    state: 'open',
    holders: [],
    mine: null,
    ...given
  };
}

function access(
  permissions: readonly Permission[],
  ...ranges: IRange[]
): IPathAccess {
  return { path: 'a.py', permissions, why: '', ranges, reaches: true };
}

function editor(given: IPathAccess | null | undefined): EditorState {
  const locks = textLocks(given);
  return EditorState.create({
    doc: TEXT.join('\n'),
    extensions: locksField.init(state => placeLocks(locks, state.doc))
  });
}

function canChange(
  state: EditorState,
  from: number,
  to = from,
  insert = 'x'
): boolean {
  return findTrespass(state.update({ changes: { from, to, insert } })) === null;
}

const start = (state: EditorState, line: number): number =>
  state.doc.line(line).from;
const end = (state: EditorState, line: number): number =>
  state.doc.line(line).to;

describe('a reader who may change lines 3 to 5', () => {
  const lines = range({ start_line: 3, end_line: 5, mine: ['read', 'edit'] });
  const reader = access(['read'], lines);

  it('types within them, from their first place to their last', () => {
    const state = editor(reader);
    expect(canChange(state, start(state, 3))).toBe(true);
    expect(canChange(state, end(state, 5))).toBe(true);
    expect(canChange(state, start(state, 3), end(state, 5), '')).toBe(true);
  });

  it('types nowhere else', () => {
    const state = editor(reader);
    expect(canChange(state, end(state, 2))).toBe(false);
    expect(canChange(state, start(state, 6))).toBe(false);
    expect(canChange(state, start(state, 3) - 1, start(state, 3), '')).toBe(
      false
    );
    expect(canChange(state, start(state, 5), end(state, 6), '')).toBe(false);
  });

  it('keeps them when others write above', () => {
    const state = editor(reader);
    const moved = state.update({ changes: { from: 0, insert: 'new\nnew\n' } });
    const [zone] = moved.state.field(locksField).zones;
    expect(linesOf(moved.state, zone)).toEqual([5, 7]);
    expect(canChange(moved.state, start(moved.state, 5))).toBe(true);
    expect(canChange(moved.state, start(moved.state, 4))).toBe(false);
  });

  it('has more lines after writing more lines', () => {
    const state = editor(reader);
    const at = end(state, 5);
    const more = state.update({
      changes: { from: at, insert: '\nmore' },
      userEvent: 'input.type'
    });
    expect(canChange(more.state, end(more.state, 6))).toBe(true);
    expect(canChange(more.state, start(more.state, 7))).toBe(false);
  });

  it('gets no new lines that others write at the edges, but what they add to the lines', () => {
    const state = editor(reader);
    const changed = state.update({
      changes: [
        { from: start(state, 3), insert: 'above\n>' },
        { from: end(state, 5), insert: '!\nbelow' }
      ]
    }).state;
    const [zone] = changed.field(locksField).zones;
    expect(linesOf(changed, zone)).toEqual([4, 6]);
    expect(changed.sliceDoc(zone.from, zone.from + 3)).toBe('>li');
    expect(changed.sliceDoc(zone.to - 1, zone.to)).toBe('!');
  });

  it('sees which lines are whose', () => {
    const state = editor(reader);
    const kinds = TEXT.map((_, index) =>
      kindOfLine(state, state.doc.line(index + 1))
    );
    expect(kinds.slice(1, 6)).toEqual(['rest', 'own', 'own', 'own', 'rest']);
  });
});

describe('an editor for whom lines 3 to 5 are locked', () => {
  const lines = range({ start_line: 3, end_line: 5, mine: ['read'] });
  const someone = access(['read', 'edit'], lines);

  it('types up to them but not into them', () => {
    const state = editor(someone);
    expect(canChange(state, end(state, 2))).toBe(true);
    expect(canChange(state, start(state, 6))).toBe(true);
    expect(canChange(state, start(state, 3))).toBe(false);
    expect(canChange(state, end(state, 5))).toBe(false);
  });

  it('joins no line to them', () => {
    const state = editor(someone);
    expect(canChange(state, end(state, 2), start(state, 3), '')).toBe(false);
    expect(canChange(state, end(state, 5), start(state, 6), '')).toBe(false);
    expect(canChange(state, 0, state.doc.length, '')).toBe(false);
  });

  it('is kept out where they are the first and the last lines', () => {
    const all = range({ start_line: 1, end_line: 9, mine: ['read'] });
    const state = editor(access(['read', 'edit'], all));
    expect(canChange(state, 0)).toBe(false);
    expect(canChange(state, state.doc.length)).toBe(false);
  });
});

it('Two neighbouring ranges are one place to write in', () => {
  const state = editor(
    access(
      ['read'],
      range({ id: 'a', start_line: 2, end_line: 3, mine: ['read', 'edit'] }),
      range({ id: 'b', start_line: 4, end_line: 4, mine: ['read', 'edit'] })
    )
  );
  expect(canChange(state, start(state, 2), end(state, 4), '')).toBe(true);
});

it('Ranges of others, and lost ones, take nothing away and give nothing', () => {
  const others = range({ start_line: 2, end_line: 3, mine: null });
  const lost = range({ state: 'lost', mine: ['read'], start_line: 1 });
  const free = editor(access(['read', 'edit'], others, lost));
  expect(canChange(free, 0, free.doc.length)).toBe(true);
  expect(kindOfLine(free, free.doc.line(2))).toBe('other');
  const lostOwn = range({ state: 'lost', mine: ['read', 'edit'] });
  expect(canChange(editor(access(['read'], lostOwn)), 0)).toBe(false);
});

it('Until the server has answered nothing is locked; without reach all is', () => {
  expect(canChange(editor(undefined), 0)).toBe(true);
  expect(canChange(editor(null), 0)).toBe(false);
});

it('A new answer of the server puts new locks in place', () => {
  const state = editor(access(['read']));
  expect(canChange(state, 0)).toBe(false);
  const raised = state.update({
    effects: setLocks.of(textLocks(access(['read', 'edit'])))
  }).state;
  expect(canChange(raised, 0)).toBe(true);
});

it('Locks that were told before the text was here find their place when it comes', () => {
  const lines = range({ start_line: 3, end_line: 5, mine: ['read', 'edit'] });
  const locks = textLocks(access(['read'], lines));
  const empty = EditorState.create({
    extensions: locksField.init(state => placeLocks(locks, state.doc))
  });
  const { state } = empty.update({
    changes: { from: 0, insert: TEXT.join('\n') }
  });
  expect(canChange(state, start(state, 3), end(state, 5))).toBe(true);
  expect(canChange(state, start(state, 6))).toBe(false);
});

it('A range that reaches beyond the end of the text ends with it', () => {
  const lines = range({ start_line: 8, end_line: 99, mine: ['read', 'edit'] });
  const state = editor(access(['read'], lines));
  expect(canChange(state, state.doc.length)).toBe(true);
});

describe('the cells of a notebook', () => {
  const cells = (mine: Permission[] | null, ...cell_ids: string[]): IRange =>
    range({ kind: 'cells', cell_ids, mine });

  it('are free one by one for who may only read the rest', () => {
    const locks = notebookLocks(access(['read'], cells(['read', 'edit'], 'a')));
    expect(isCellFree(locks, 'a')).toBe(true);
    expect(isCellFree(locks, 'b')).toBe(false);
    expect(zoneOfCell(locks, 'a')?.kind).toBe('own');
    expect(zoneOfCell(locks, 'b')).toBeNull();
  });

  it('are locked one by one for who may change the rest', () => {
    const locks = notebookLocks(
      access(['read', 'edit'], cells(['read'], 'a'), cells(null, 'b'))
    );
    expect(isCellFree(locks, 'a')).toBe(false);
    expect(isCellFree(locks, 'b')).toBe(true);
    expect(zoneOfCell(locks, 'b')?.kind).toBe('other');
  });
});
