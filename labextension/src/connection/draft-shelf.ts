import { ISignal, Signal } from '@lumino/signaling';

import { IDraft } from './draft';
import { IOfflineStore } from './offline-store';

/** The drafts of the documents that were opened, from the store and from this page. */
export class DraftShelf {
  constructor(private readonly store: IOfflineStore) {}

  /** The drafts of a document changed; the argument is its name in the store. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  /** The drafts of all of them, the oldest first. */
  get all(): readonly IDraft[] {
    return [...this.known.values()].sort(
      (one, other) => one.created - other.created
    );
  }

  of(document: string): readonly IDraft[] {
    return this.all.filter(draft => draft.document === document);
  }

  /** Read what the store has for a document. */
  async load(document: string): Promise<void> {
    try {
      for (const draft of await this.store.drafts(document)) {
        this.known.set(draft.id, draft);
      }
    } catch (error) {
      console.warn('Drafts kept on this computer could not be read', error);
    }
    this._changed.emit(document);
  }

  /** Note a draft that may not be in the store. */
  note(draft: IDraft): void {
    this.known.set(draft.id, draft);
    this._changed.emit(draft.document);
  }

  async discard(draft: IDraft): Promise<void> {
    this.known.delete(draft.id);
    this._changed.emit(draft.document);
    try {
      await this.store.removeDraft(draft.id);
    } catch (error) {
      console.warn('A draft could not be removed from this computer', error);
    }
  }

  private readonly known = new Map<string, IDraft>();
  private readonly _changed = new Signal<this, string>(this);
}
