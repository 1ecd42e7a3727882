/** What the interface says about access, in a person's words. */
import { TranslationBundle } from '@jupyterlab/translation';

import {
  IHolder,
  IMe,
  IPathAccess,
  IRange,
  ISubject,
  Permission
} from '../api/access';
import { levelName, roleOf } from './roles';
import { IZone } from './zones';

/** "line 7", "lines 10–22". */
export function linesText(
  start: number,
  end: number,
  trans: TranslationBundle
): string {
  return start === end
    ? trans.__('line %1', start)
    : trans.__('lines %1–%2', start, end);
}

/** "lines 10–22", "3 cells". */
export function rangeText(range: IRange, trans: TranslationBundle): string {
  if (range.kind === 'cells') {
    const count = range.cell_ids?.length ?? 0;
    return trans._n('%1 cell', '%1 cells', count);
  }
  // Who sees only these lines isn't told which of the file they are.
  return range.start_line === undefined
    ? trans.__('some lines')
    : linesText(range.start_line, range.end_line ?? range.start_line, trans);
}

export function subjectName(
  subject: Pick<ISubject, 'kind' | 'name'> & { display_name?: string },
  trans: TranslationBundle
): string {
  if (subject.kind === 'everyone') {
    return trans.__('Everyone in the project');
  }
  const name = subject.display_name || subject.name;
  return subject.kind === 'link' ? trans.__('Invite link “%1”', name) : name;
}

/** "Ada, Grace and the group team". */
export function namesOf(
  holders: readonly IHolder[],
  trans: TranslationBundle
): string {
  return new Intl.ListFormat(undefined, { type: 'conjunction' }).format(
    holders.map(holder => subjectName(holder, trans))
  );
}

/** What stands at the edge of a zone; `where` says which lines or cells. */
export function zoneLabel(
  zone: IZone,
  where: string,
  trans: TranslationBundle
): string {
  switch (zone.kind) {
    case 'own':
      return trans.__('Yours: %1', where);
    case 'locked':
      return trans.__('Locked for you: %1', where);
    case 'other': {
      const names = namesOf(zone.holders, trans);
      const canEdit = zone.holders.some(one =>
        one.permissions.includes('edit')
      );
      return canEdit
        ? trans.__('%1: %2', names, where)
        : trans.__('Locked for %1: %2', names, where);
    }
  }
}

/** Who can change a zone that I can't. */
export function zoneWhy(zone: IZone, trans: TranslationBundle): string {
  const editors = zone.holders.filter(one => one.permissions.includes('edit'));
  return editors.length > 0
    ? trans.__('%1 can change it.', namesOf(editors, trans))
    : trans.__('You can read it, not change it.');
}

/** Why a key did nothing in a document where only some places are mine. */
export function refusalInLocked(
  own: readonly string[],
  trans: TranslationBundle
): string {
  return own.length > 0
    ? trans.__(
        'You can change only %1 here.',
        new Intl.ListFormat(undefined, { type: 'conjunction' }).format(own)
      )
    : trans.__('You can read this file, not change it.');
}

/** "Editor", "Guest: Viewer", "Viewer here"; what counts is the document in front, if there is one. */
export function badgeText(
  me: IMe,
  here: IPathAccess | null | undefined,
  trans: TranslationBundle
): string {
  const text = badgeLevel(me, here, trans);
  return me.is_guest ? trans.__('Guest: %1', text) : text;
}

function badgeLevel(
  me: IMe,
  here: IPathAccess | null | undefined,
  trans: TranslationBundle
): string {
  const nameOf = (permissions: readonly Permission[]): string =>
    levelName({ role: roleOf(permissions), permissions }, trans);
  const onProject = nameOf(me.permissions);
  if (here == null) {
    return me.permissions.length > 0 ? onProject : trans.__('some files');
  }
  const own = here.ranges.filter(range => range.mine?.includes('edit'));
  if (own.length > 0 && !here.permissions.includes('edit')) {
    return trans.__('Editor of %1', rangeText(own[0], trans));
  }
  const level = nameOf(here.permissions);
  return level === onProject ? onProject : trans.__('%1 here', level);
}

/** "until 3 May, 14:00". */
export function untilText(seconds: number, trans: TranslationBundle): string {
  return trans.__('until %1', momentText(seconds));
}

export function momentText(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short'
  });
}

/** What went wrong, in the server's words. */
export function failureText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
