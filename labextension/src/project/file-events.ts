import { PathExt } from '@jupyterlab/coreutils';

import { IServerEvent } from '../api/events';

export type FileEventKind =
  'created' | 'renamed' | 'deleted' | 'changed' | 'passed';

/** What happened to one file, or to a folder with everything in it. */
export interface IFileEvent {
  readonly kind: FileEventKind;
  readonly path: string;

  /** Where it was before, of something renamed. */
  readonly oldPath: string | null;

  /** Who did it; `null` when it came from outside: git, an editor, a terminal. */
  readonly username: string | null;
  readonly name: string | null;
  readonly isDir: boolean;
}

const KINDS: readonly FileEventKind[] = [
  'created',
  'renamed',
  'deleted',
  'changed',
  'passed'
];

/** The file event in an event of the server, `null` when it is of another kind. */
export function readFileEvent(event: IServerEvent): IFileEvent | null {
  const kind = KINDS.find(each => event.type === `file.${each}`);
  const path = text(event.path);
  const oldPath = text(event.old_path);
  if (kind === undefined || path === null) {
    return null;
  }
  if (kind === 'renamed' && oldPath === null) {
    return null;
  }
  return {
    kind,
    path,
    oldPath,
    username: text(event.username),
    name: text(event.name),
    isDir: event.is_dir === true
  };
}

/** Whether so much happened at once that everything must be looked at anew. */
export function isBatch(event: IServerEvent): boolean {
  return event.type === 'file.batch';
}

/** Whether `path` is `ancestor` or lies below it. */
export function covers(ancestor: string, path: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

/** Where `path` is after an event, `null` when it isn't any more. */
export function pathAfter(path: string, event: IFileEvent): string | null {
  if (event.kind === 'deleted' && covers(event.path, path)) {
    return null;
  }
  if (
    event.kind === 'renamed' &&
    event.oldPath !== null &&
    covers(event.oldPath, path)
  ) {
    return event.path + path.slice(event.oldPath.length);
  }
  return path;
}

/** Whether a listing of `folder` looks different after an event. */
export function changesListing(folder: string, event: IFileEvent): boolean {
  return [event.path, event.oldPath].some(
    path => path !== null && PathExt.dirname(path) === folder
  );
}

/** Whether nothing is at the path of an event after it. */
export function leavesNothing(event: IFileEvent): boolean {
  return event.kind === 'deleted' || event.kind === 'passed';
}

/** The nearest folder above `path`. */
export function parentOf(path: string): string {
  return PathExt.dirname(path);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
