/** Locks as they lie in an editor's text, and move with it. */
import {
  EditorState,
  StateEffect,
  StateField,
  Text,
  Transaction
} from '@codemirror/state';

import {
  freeSpans,
  ILocks,
  IPlacedZone,
  ISpan,
  isWithin,
  IZone,
  TextLocks,
  ZoneKind
} from './zones';

/** Locks by places in the text. */
export interface IPlacedLocks {
  readonly isLocked: boolean;
  readonly zones: readonly IPlacedZone[];
  /** Where I may type. */
  readonly free: readonly ISpan[];
  /** What the server told, while the text that it speaks of isn't here yet. */
  readonly pending: TextLocks | null;
}

/** New locks, as the server told them. */
export const setLocks = StateEffect.define<TextLocks>();

export const locksField = StateField.define<IPlacedLocks>({
  create: state => placeLocks({ isLocked: false, zones: [] }, state.doc),
  update: (value, transaction) => {
    let placed = transaction.docChanged ? follow(value, transaction) : value;
    for (const effect of transaction.effects) {
      if (effect.is(setLocks)) {
        placed = placeLocks(effect.value, transaction.newDoc);
      }
    }
    return placed;
  }
});

/** Find the places of the lines that locks speak of. */
export function placeLocks(locks: TextLocks, doc: Text): IPlacedLocks {
  const { isLocked, zones } = locks;
  const there = zones.filter(zone => zone.startLine <= doc.lines);
  const placed = there.map(({ id, kind, holders, startLine, endLine }) => ({
    id,
    kind,
    holders,
    from: doc.line(Math.max(1, startLine)).from,
    to: doc.line(Math.min(doc.lines, Math.max(startLine, endLine))).to
  }));
  const isHere = doc.length > 0 && there.length === zones.length;
  return withFree(isLocked, placed, doc.length, isHere ? null : locks);
}

/**
 * As the server moves ranges: what I write at the edge of a zone of mine belongs to it; of what
 * somebody else writes there only what goes on with its own first or last line does.
 */
function follow(
  { isLocked, zones, pending }: IPlacedLocks,
  transaction: Transaction
): IPlacedLocks {
  const { changes, newDoc } = transaction;
  if (pending !== null) {
    return placeLocks(pending, newDoc);
  }
  const isMine = transaction.annotation(Transaction.userEvent) !== undefined;
  const moved = zones.map(zone => {
    const from = changes.mapPos(zone.from, -1);
    const to = changes.mapPos(zone.to, 1);
    if (isMine && zone.kind === 'own') {
      return { ...zone, from, to };
    }
    const before = newDoc.sliceString(from, changes.mapPos(zone.from, 1));
    const beforeEnd = changes.mapPos(zone.to, -1);
    const newLine = newDoc.sliceString(beforeEnd, to).indexOf('\n');
    const start = from + before.lastIndexOf('\n') + 1;
    const end = newLine < 0 ? to : beforeEnd + newLine;
    return { ...zone, from: start, to: Math.max(start, end) };
  });
  return withFree(isLocked, moved, newDoc.length);
}

function withFree(
  isLocked: boolean,
  zones: readonly IPlacedZone[],
  length: number,
  pending: TextLocks | null = null
): IPlacedLocks {
  return {
    isLocked,
    zones,
    free: freeSpans(isLocked, zones, length),
    pending
  };
}

/** The first place where a transaction changes what I may not change; null if there is none. */
export function findTrespass(
  transaction: Pick<Transaction, 'changes' | 'startState'>
): ISpan | null {
  const { free } = transaction.startState.field(locksField);
  let trespass: ISpan | null = null;
  transaction.changes.iterChangedRanges((from, to) => {
    if (!isWithin(free, { from, to })) {
      trespass ??= { from, to };
    }
  });
  return trespass;
}

/** The zone that a place lies in; one that decides what I may do comes before all others. */
export function zoneAt(
  state: EditorState,
  { from, to }: ISpan
): IPlacedZone | null {
  const here = state
    .field(locksField)
    .zones.filter(zone => zone.from <= to && from <= zone.to);
  return here.find(zone => zone.kind !== 'other') ?? here.at(0) ?? null;
}

/** The lines of a zone, as they are numbered now. */
export function linesOf(
  { doc }: EditorState,
  { from, to }: ISpan
): [number, number] {
  return [doc.lineAt(from).number, doc.lineAt(Math.max(from, to)).number];
}

/** How a line stands to me: in a zone, locked with the rest of the file, or free. */
export function kindOfLine(
  state: EditorState,
  line: ISpan
): ZoneKind | 'rest' | null {
  const zone = zoneAt(state, line);
  const { isLocked } = state.field(locksField);
  if (isLocked) {
    return zone?.kind === 'own' ? 'own' : 'rest';
  }
  return zone?.kind ?? null;
}

/** Whether I may change nothing at all. */
export function isAllLocked({ isLocked, zones }: ILocks<IZone>): boolean {
  return isLocked && zones.every(zone => zone.kind !== 'own');
}
