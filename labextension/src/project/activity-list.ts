import { IServerEvent } from '../api/events';
import { IFileEvent, pathAfter } from './file-events';

/** One line of the journal, as the server gives it. */
export interface IActivityEntry {
  readonly id: number;
  readonly type: string;
  /** Seconds since 1970, when it began and when it was last seen to go on. */
  readonly time: number;
  readonly last_time: number;
  readonly path: string;
  readonly old_path: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly is_dir: boolean;
  readonly count: number;
}

export interface IProgress {
  /** The newest entry that this person has seen, on whatever browser. */
  readonly seen: number;
  /** How many entries of others came since. */
  readonly unseen: number;
}

export interface IActivityPage extends IProgress {
  readonly entries: readonly IActivityEntry[];
  readonly has_more: boolean;
}

/** Entries of one day, newest first. */
export interface IDay {
  readonly key: string;
  readonly date: Date;
  readonly entries: IActivityEntry[];
}

/** Both lists as one, newest first; of the same entry the newer state. */
export function mergeEntries(
  known: readonly IActivityEntry[],
  news: readonly IActivityEntry[]
): IActivityEntry[] {
  const byId = new Map(known.map(entry => [entry.id, entry]));
  for (const entry of news) {
    const earlier = byId.get(entry.id);
    if (!earlier || entry.count >= earlier.count) {
      byId.set(entry.id, entry);
    }
  }
  return [...byId.values()].sort((one, other) => other.id - one.id);
}

/** The entries that an event of the server brings, none when it is of another kind. */
export function readEntries(event: IServerEvent): IActivityEntry[] {
  if (event.type !== 'activity.recorded' || !Array.isArray(event.entries)) {
    return [];
  }
  return (event.entries as unknown[]).filter(isEntry);
}

/** How many entries of others are newer than `seen`. */
export function countUnseen(
  entries: readonly IActivityEntry[],
  seen: number,
  me: string
): number {
  return entries.filter(entry => isNew(entry, seen, me)).length;
}

/** Whether others did this after what one has seen. */
export function isNew(
  entry: IActivityEntry,
  seen: number,
  me: string
): boolean {
  return entry.id > seen && entry.username !== me;
}

/** The entries by day of this browser's clock. */
export function groupByDay(entries: readonly IActivityEntry[]): IDay[] {
  const days: IDay[] = [];
  for (const entry of entries) {
    const date = new Date(entry.last_time * 1000);
    const key = [date.getFullYear(), date.getMonth(), date.getDate()].join('-');
    const last = days.find(day => day.key === key);
    if (last) {
      last.entries.push(entry);
    } else {
      days.push({ key, date, entries: [entry] });
    }
  }
  return days;
}

/** Where the file of an entry is now, `null` when it is gone. */
export function presentPath(
  entry: IActivityEntry,
  entries: readonly IActivityEntry[]
): string | null {
  if (entry.type === 'file.deleted' || entry.path === '') {
    return null;
  }
  let path: string | null = entry.path;
  const later = entries
    .filter(each => each.id > entry.id)
    .sort((one, other) => one.id - other.id);
  for (const each of later) {
    const event = asFileEvent(each);
    if (event === null) {
      continue;
    }
    if (path !== null) {
      path = pathAfter(path, event);
    } else if (event.kind === 'created' && event.path === entry.path) {
      path = event.path;
    }
  }
  return path;
}

/** How many days ago a date is, by the calendar. */
export function daysAgo(date: Date, now: Date): number {
  const midnight = (of: Date): number =>
    Date.UTC(of.getFullYear(), of.getMonth(), of.getDate());
  return Math.round((midnight(now) - midnight(date)) / 86_400_000);
}

function asFileEvent(entry: IActivityEntry): IFileEvent | null {
  switch (entry.type) {
    case 'file.created':
    case 'file.renamed':
    case 'file.deleted':
      return {
        kind: entry.type.slice(5) as IFileEvent['kind'],
        path: entry.path,
        oldPath: entry.old_path,
        username: entry.username,
        name: entry.name,
        isDir: entry.is_dir
      };
    default:
      return null;
  }
}

function isEntry(value: unknown): value is IActivityEntry {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const entry = value as Partial<IActivityEntry>;
  return (
    typeof entry.id === 'number' &&
    typeof entry.type === 'string' &&
    typeof entry.path === 'string' &&
    typeof entry.last_time === 'number'
  );
}
