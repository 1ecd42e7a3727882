import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IFileEvent } from './file-events';

/** Why a document has no file any more. */
export interface ILoss {
  /** The document's path when it was lost. */
  readonly path: string;
  readonly event: IFileEvent;
}

/** Who did it, in words. */
export function authorOf(
  event: IFileEvent,
  me: string,
  trans: TranslationBundle
): string | null {
  if (event.username === null) {
    return null;
  }
  return event.username === me
    ? trans.__('You')
    : (event.name ?? event.username);
}

/** What a banner says of a lost document. */
export function tellLoss(
  loss: ILoss,
  me: string,
  trans: TranslationBundle
): string {
  const file = PathExt.basename(loss.path);
  const author = authorOf(loss.event, me, trans);
  const folder = PathExt.basename(loss.event.path);
  if (loss.event.path !== loss.path) {
    return author === null
      ? trans.__('The folder %1 with %2 was deleted on disk.', folder, file)
      : trans.__('%1 deleted the folder %2 with %3.', author, folder, file);
  }
  return author === null
    ? trans.__('%1 was deleted on disk.', file)
    : trans.__('%1 deleted %2.', author, file);
}

/** What a banner says when another file is now where the lost one was. */
export function tellReturn(
  path: string,
  event: IFileEvent,
  me: string,
  trans: TranslationBundle
): string {
  const file = PathExt.basename(path);
  const author = authorOf(event, me, trans);
  return author === null
    ? trans.__('There is a new %1 now, and it differs from this one.', file)
    : trans.__('%1 made a new %2, and it differs from this one.', author, file);
}

/** The folders that must exist for a file at `path`, outermost first. */
export function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, depth) => parts.slice(0, depth + 1).join('/'));
}
