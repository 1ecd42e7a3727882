import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';

import { daysAgo, IActivityEntry } from './activity-list';

/** Who did it, in words. */
export function whoDid(
  entry: IActivityEntry,
  me: string,
  trans: TranslationBundle
): string {
  if (entry.username === null) {
    return trans.__('On disk');
  }
  return entry.username === me
    ? trans.__('You')
    : (entry.name ?? entry.username);
}

/** What was done, without who and with which file. */
export function whatWasDone(
  entry: IActivityEntry,
  trans: TranslationBundle
): string {
  const file = PathExt.basename(entry.path);
  const before = PathExt.basename(entry.old_path ?? '');
  switch (entry.type) {
    case 'document.edited':
      return trans.__('edited %1', file);
    case 'file.created':
      return entry.is_dir
        ? trans.__('created the folder %1', file)
        : trans.__('created %1', file);
    case 'file.deleted':
      return entry.is_dir
        ? trans.__('deleted the folder %1', file)
        : trans.__('deleted %1', file);
    case 'file.renamed':
      return file === before
        ? trans.__('moved %1 to %2', file, folderOf(entry.path, trans))
        : trans.__('renamed %1 to %2', before, file);
    case 'file.changed':
      return trans.__('changed %1', file);
    case 'file.batch':
      return trans._n('changed %1 file', 'changed %1 files', entry.count);
    default:
      return entry.type;
  }
}

/** The folder of a path, in words. */
export function folderOf(path: string, trans: TranslationBundle): string {
  return PathExt.dirname(path) || trans.__('the project folder');
}

/** The name of a day, seen from now. */
export function dayName(
  date: Date,
  now: Date,
  trans: TranslationBundle
): string {
  const ago = daysAgo(date, now);
  if (ago <= 0) {
    return trans.__('Today');
  }
  if (ago === 1) {
    return trans.__('Yesterday');
  }
  const isThisYear = date.getFullYear() === now.getFullYear();
  return date.toLocaleDateString(undefined, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(isThisYear ? {} : { year: 'numeric' })
  });
}

/** The time of day of an entry. */
export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit'
  });
}
