/** The texts of an open document by the keys that drafts use. */
import {
  DocumentChange,
  ISharedText,
  YDocument,
  YFile,
  YNotebook
} from '@jupyter/ydoc';

import { IDraft, LOOSE_TEXT, mergeInto } from './draft';

export function openTexts(
  model: YDocument<DocumentChange>
): ReadonlyMap<string, ISharedText> {
  if (model instanceof YNotebook) {
    return new Map(model.cells.map(cell => [cell.getId(), cell]));
  }
  return model instanceof YFile ? new Map([['source', model]]) : new Map();
}

/** Whether the edits of a draft can be placed in a document. */
export function canInsert(
  model: YDocument<DocumentChange>,
  draft: IDraft
): boolean {
  const isKnown = model instanceof YNotebook || model instanceof YFile;
  return isKnown && draft.parts.every(part => part.key !== LOOSE_TEXT);
}

/**
 * Make the edits of a draft again, as the person's own and undoable.
 *
 * Returns how many could not be placed since others changed the same lines.
 */
export function insertDraft(
  model: YDocument<DocumentChange>,
  draft: IDraft
): number {
  const texts = openTexts(model);
  let conflicts = 0;
  model.transact(() => {
    for (const part of draft.parts) {
      const text = texts.get(part.key);
      if (text) {
        const merge = mergeInto(text.getSource(), part);
        for (const { from, to, insert } of merge.replacements) {
          text.updateSource(from, to, insert);
        }
        conflicts += merge.conflicts;
      } else if (model instanceof YNotebook) {
        // The cell is new, or someone removed it meanwhile.
        model.addCell({ cell_type: 'code', source: part.mine });
      }
    }
  });
  return conflicts;
}
