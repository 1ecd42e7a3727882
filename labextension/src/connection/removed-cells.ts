/**
 * What somebody typed in cells that others removed before they heard of it: it merges into
 * nothing, so it is kept as a draft.
 */
import * as Y from 'yjs';

import { covers, IDraft } from './draft';
import { IDraftFacts, makeDraft } from './ending';
import { readContents } from './outbox';

/** Edits that the server didn't have, and the document that they were made in. */
export interface IUnsent {
  state: Uint8Array;
  edits: readonly Uint8Array[];
}

/** Whether `update` removes cells that `doc` has; one that is moved is removed, too. */
export function removesCells(update: Uint8Array, doc: Y.Doc): boolean {
  const { deleted } = readContents(update);
  return (
    deleted.size > 0 &&
    cellsOf(doc).some(
      ({ _item: item }) =>
        item !== null && covers(deleted, item.id.client, item.id.clock)
    )
  );
}

/** Make a draft of the edits whose cells `doc` has lost; null when it has lost none of them. */
export function draftOfRemoved(
  id: string,
  facts: IDraftFacts,
  { state, edits }: IUnsent,
  doc: Y.Doc
): IDraft | null {
  const gone = goneCells(state, doc);
  if (gone.size === 0) {
    return null;
  }
  const reason = { code: 'cell_removed', message: '' };
  const draft = makeDraft(id, facts, reason, state, edits);
  const parts = draft?.parts.filter(part => gone.has(part.key)) ?? [];
  return draft && parts.length ? { ...draft, parts } : null;
}

/**
 * The cells of `state`, by their ids, that are no more in `doc`.
 *
 * One that was moved is gone too: JupyterLab puts a copy elsewhere, under the same id.
 */
function goneCells(state: Uint8Array, doc: Y.Doc): ReadonlySet<string> {
  const before = new Y.Doc({ gc: false });
  Y.applyUpdate(before, state);
  return new Set(
    cellsOf(before)
      .filter(cell => cell._item !== null && isGone(doc, cell._item.id))
      .map(cell => String(cell.get('id')))
  );
}

function cellsOf(doc: Y.Doc): Y.Map<unknown>[] {
  return doc.getArray<Y.Map<unknown>>('cells').toArray();
}

function isGone(doc: Y.Doc, id: Y.ID): boolean {
  const isHere = id.clock < Y.getState(doc.store, id.client);
  return isHere && Y.getItem(doc.store, id).deleted;
}
