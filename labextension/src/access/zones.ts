/** Which lines or cells of a document are mine to change, and whose the others are. */
import { IHolder, IPathAccess, IRange } from '../api/access';

/**
 * - `own`: mine to change, while the rest of the file isn't.
 * - `locked`: not mine to change, while the rest of the file is.
 * - `other`: somebody else's, which takes nothing from me.
 */
export type ZoneKind = 'own' | 'locked' | 'other';

export interface IZone {
  readonly id: string;
  readonly kind: ZoneKind;
  readonly holders: readonly IHolder[];
}

export interface ILineZone extends IZone {
  /** From 1, both included. */
  readonly startLine: number;
  readonly endLine: number;
}

export interface ICellZone extends IZone {
  readonly cellIds: readonly string[];
}

/** What I may change in a document; where it is locked, only the own zones. */
export interface ILocks<Z extends IZone> {
  readonly isLocked: boolean;
  readonly zones: readonly Z[];
}

export type TextLocks = ILocks<ILineZone>;
export type NotebookLocks = ILocks<ICellZone>;

/** While nothing is known the server alone decides. */
const NO_LOCKS = { isLocked: false, zones: [] };
const ALL_LOCKED = { isLocked: true, zones: [] };

/** The locks of a text file; undefined access isn't known yet, null is none. */
export function textLocks(access: IPathAccess | null | undefined): TextLocks {
  return locksOf(access, 'lines', (range, zone) => ({
    ...zone,
    startLine: range.start_line ?? 1,
    endLine: range.end_line ?? range.start_line ?? 1
  }));
}

/** The locks of a notebook, as {@link textLocks}. */
export function notebookLocks(
  access: IPathAccess | null | undefined
): NotebookLocks {
  return locksOf(access, 'cells', (range, zone) => ({
    ...zone,
    cellIds: range.cell_ids ?? []
  }));
}

/**
 * The range whose lines or cells the document at `path` consists of; null for a whole file.
 *
 * Who may not read a file sees a range of it in its place, so its path can be the file's own.
 */
export function sliceOf(
  access: IPathAccess | null | undefined,
  path: string
): IRange | null {
  return access == null || access.permissions.includes('read')
    ? null
    : (access.ranges.find(range => range.slice_path === path) ?? null);
}

/** The zone a cell belongs to; one that decides what I may do comes before all others. */
export function zoneOfCell(
  { zones }: NotebookLocks,
  cellId: string
): ICellZone | null {
  const here = zones.filter(zone => zone.cellIds.includes(cellId));
  return here.find(zone => zone.kind !== 'other') ?? here.at(0) ?? null;
}

/** Whether I may change a cell. */
export function isCellFree(locks: NotebookLocks, cellId: string): boolean {
  const here = locks.zones.filter(zone => zone.cellIds.includes(cellId));
  return locks.isLocked
    ? here.some(zone => zone.kind === 'own')
    : here.every(zone => zone.kind !== 'locked');
}

/** A stretch of text with both its ends. */
export interface ISpan {
  readonly from: number;
  readonly to: number;
}

/** A zone by places in the text, from the start of its first line to the end of its last. */
export interface IPlacedZone extends IZone, ISpan {}

/** Where I may type in a text of `length` characters, in order; a change must stay within one. */
export function freeSpans(
  isLocked: boolean,
  zones: readonly IPlacedZone[],
  length: number
): ISpan[] {
  return isLocked
    ? merge(zones.filter(zone => zone.kind === 'own'))
    : complement(merge(zones.filter(zone => zone.kind === 'locked')), length);
}

/** Whether a change of this stretch stays within one of the spans. */
export function isWithin(spans: readonly ISpan[], change: ISpan): boolean {
  return spans.some(span => span.from <= change.from && change.to <= span.to);
}

/** Join what touches, or has but the end of a line between it. */
function merge(spans: readonly ISpan[]): ISpan[] {
  const merged: ISpan[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && from <= last.to + 1) {
      merged[merged.length - 1] = {
        from: last.from,
        to: Math.max(last.to, to)
      };
    } else {
      merged.push({ from, to });
    }
  }
  return merged;
}

/** The lines between the spans, without the ends of lines that hold them apart. */
function complement(spans: readonly ISpan[], length: number): ISpan[] {
  const free: ISpan[] = [];
  let from = 0;
  for (const span of spans) {
    if (span.from > from) {
      free.push({ from, to: span.from - 1 });
    }
    from = span.to + 1;
  }
  if (from <= length) {
    free.push({ from, to: length });
  }
  return free;
}

function locksOf<Z extends IZone>(
  access: IPathAccess | null | undefined,
  kind: IRange['kind'],
  make: (range: IRange, zone: IZone) => Z
): ILocks<Z> {
  if (access === undefined) {
    return NO_LOCKS;
  }
  if (access === null) {
    return ALL_LOCKED;
  }
  const slice = sliceOf(access, access.path);
  if (slice !== null) {
    return slice.mine?.includes('edit') ? NO_LOCKS : ALL_LOCKED;
  }
  const isFree = access.permissions.includes('edit');
  const open = access.ranges.filter(
    range =>
      range.kind === kind &&
      range.state === 'open' &&
      !saysNothing(range, isFree)
  );
  return {
    isLocked: !isFree,
    zones: open.map(range =>
      make(range, {
        id: range.id,
        kind: kindOf(range, isFree),
        holders: range.holders
      })
    )
  };
}

/** Whether a range is only mine, and mine as little as the rest of the file. */
function saysNothing({ mine, holders }: IRange, isFree: boolean): boolean {
  return (
    !isFree && mine !== null && !mine.includes('edit') && holders.length < 2
  );
}

function kindOf({ mine }: IRange, isFree: boolean): ZoneKind {
  const isMine = mine?.includes('edit') ?? false;
  if (isMine && !isFree) {
    return 'own';
  }
  return mine !== null && !isMine && isFree ? 'locked' : 'other';
}
