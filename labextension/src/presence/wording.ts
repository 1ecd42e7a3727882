/** What a person does and where, in words. */

import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IPerson } from './people';
import { Doing, IPlace, Status } from './protocol';

/** `line 12`, `cell 3`, or nothing. */
export function spot(place: IPlace, trans: TranslationBundle): string {
  if (place.kind === 'notebook' && place.cell_index !== undefined) {
    return trans.__('cell %1', place.cell_index);
  }
  return place.line === undefined ? '' : trans.__('line %1', place.line);
}

/** `solver.py:12`, `lab.ipynb, cell 3` or the name of the file alone. */
export function placeName(place: IPlace, trans: TranslationBundle): string {
  const name = PathExt.basename(place.path ?? '');
  if (place.kind === 'notebook') {
    const where = spot(place, trans);
    return where ? `${name}, ${where}` : name;
  }
  return place.line === undefined ? name : `${name}:${place.line}`;
}

export function statusName(status: Status, trans: TranslationBundle): string {
  switch (status) {
    case 'active':
      return trans.__('active');
    case 'idle':
      return trans.__('idle');
    case 'away':
      return trans.__('away');
  }
}

export function doingName(doing: Doing, trans: TranslationBundle): string {
  switch (doing) {
    case 'editing':
      return trans.__('editing');
    case 'reading':
      return trans.__('reading');
    case 'running':
      return trans.__('running');
  }
}

/** The second line of a person in the panel. */
export function activityText(
  { presence, user }: IPerson,
  people: readonly IPerson[],
  trans: TranslationBundle
): string {
  const { following, status, path, doing } = presence;
  if (status !== 'active') {
    const where = spot(presence, trans);
    const name = statusName(status, trans);
    return where ? `${name} · ${where}` : name;
  }
  const leader = people.find(person => person.user.username === following);
  if (leader && following !== user.username) {
    return trans.__('following %1', leader.user.display_name);
  }
  if (path === null) {
    return statusName(status, trans);
  }
  return [doingName(doing, trans), spot(presence, trans)]
    .filter(Boolean)
    .join(' · ');
}

/** All there is to know about a person in one sentence, for screen readers and tooltips. */
export function description(
  person: IPerson,
  people: readonly IPerson[],
  trans: TranslationBundle
): string {
  const { user, isMe, presence } = person;
  const name = isMe
    ? trans.__('%1 (you)', user.display_name)
    : user.display_name;
  const activity = activityText(person, people, trans);
  return presence.path === null
    ? trans.__('%1: %2', name, activity)
    : trans.__('%1: %2, %3', name, activity, presence.path);
}

export function followersText(count: number, trans: TranslationBundle): string {
  return trans._n('%1 person follows you', '%1 people follow you', count);
}
