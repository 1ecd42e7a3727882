import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { readUser } from './protocol';
import { IVoices } from './voices';

/** Where in a text the cursors of those are who speak. */
export function caretsOf(
  awareness: Pick<Awareness, 'getStates' | 'clientID'>,
  text: Y.Text,
  { speaking }: Pick<IVoices, 'speaking'>
): number[] {
  const { doc } = text;
  if (!doc || speaking.size === 0) {
    return [];
  }
  const offsets: number[] = [];
  awareness.getStates().forEach((state, id) => {
    const user = readUser(state.user);
    const head = headOf(state.cursors);
    if (id === awareness.clientID || !user || !head) {
      return;
    }
    const place = speaking.has(user.username)
      ? Y.createAbsolutePositionFromRelativePosition(head, doc)
      : null;
    if (place?.type === text) {
      offsets.push(place.index);
    }
  });
  return offsets;
}

/** The end that moves of the main cursor that JupyterLab tells of. */
function headOf(cursors: unknown): Y.RelativePosition | null {
  if (!Array.isArray(cursors)) {
    return null;
  }
  const told = cursors as readonly Partial<Record<string, unknown>>[];
  const cursor = told.find(each => each.primary !== false);
  return cursor && typeof cursor.head === 'object' && cursor.head !== null
    ? Y.createRelativePositionFromJSON(cursor.head)
    : null;
}
