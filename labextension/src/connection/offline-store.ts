/**
 * What this browser keeps for the time without a server: unsent edits, and drafts made of edits
 * that can't be merged any more. IndexedDB, shared by every tab of the same origin.
 */
import { IDraft } from './draft';

const DATABASE = 'codesyncx-offline';
const VERSION = 1;
const EDITS = 'edits';
const COPIES = 'copies';
const DRAFTS = 'drafts';

/** Unsent edits. */
export interface IStoredEdits {
  id: string;
  /** Server, person and document. */
  document: string;
  /** The beginning that the document grew from; edits of one never fit another. */
  lineage: string;
  /** The link (a document in a tab) that made them. */
  owner: string;
  update: Uint8Array;
}

/** A whole document at one moment, so that unsent edits can be read without the server. */
export interface IStoredCopy {
  /** The link that made it. */
  owner: string;
  document: string;
  lineage: string;
  path: string;
  content_type: string;
  state: Uint8Array;
}

export interface IOfflineStore {
  edits(document: string): Promise<IStoredEdits[]>;
  copies(document: string): Promise<IStoredCopy[]>;
  putEdits(edits: IStoredEdits): Promise<void>;
  removeEdits(ids: readonly string[]): Promise<void>;
  putCopy(copy: IStoredCopy): Promise<void>;
  removeCopy(owner: string): Promise<void>;
  drafts(document: string): Promise<IDraft[]>;
  putDraft(draft: IDraft): Promise<void>;
  removeDraft(id: string): Promise<void>;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () =>
      reject(request.error ?? new Error('IndexedDB failed'));
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () =>
      reject(transaction.error ?? new Error('IndexedDB failed'));
    transaction.oncomplete = () => resolve();
    transaction.onabort = fail;
    transaction.onerror = fail;
  });
}

export class IndexedDBStore implements IOfflineStore {
  constructor(private readonly factory: IDBFactory) {}

  edits(document: string): Promise<IStoredEdits[]> {
    return this.find<IStoredEdits>(EDITS, document);
  }

  copies(document: string): Promise<IStoredCopy[]> {
    return this.find<IStoredCopy>(COPIES, document);
  }

  drafts(document: string): Promise<IDraft[]> {
    return this.find<IDraft>(DRAFTS, document);
  }

  putEdits(edits: IStoredEdits): Promise<void> {
    return this.write(EDITS, store => store.put(edits));
  }

  removeEdits(ids: readonly string[]): Promise<void> {
    return this.write(EDITS, store => ids.forEach(id => store.delete(id)));
  }

  putCopy(copy: IStoredCopy): Promise<void> {
    return this.write(COPIES, store => store.put(copy));
  }

  removeCopy(owner: string): Promise<void> {
    return this.write(COPIES, store => store.delete(owner));
  }

  putDraft(draft: IDraft): Promise<void> {
    return this.write(DRAFTS, store => store.put(draft));
  }

  removeDraft(id: string): Promise<void> {
    return this.write(DRAFTS, store => store.delete(id));
  }

  private async find<T>(name: string, document: string): Promise<T[]> {
    const database = await this.open();
    const index = database
      .transaction(name)
      .objectStore(name)
      .index('document');
    return settled(index.getAll(document) as IDBRequest<T[]>);
  }

  private async write(
    name: string,
    change: (store: IDBObjectStore) => void
  ): Promise<void> {
    const database = await this.open();
    const transaction = database.transaction(name, 'readwrite');
    change(transaction.objectStore(name));
    // Without waiting for the answers: the page may be closing.
    transaction.commit();
    await committed(transaction);
  }

  private open(): Promise<IDBDatabase> {
    this.opened ??= this.openOnce().catch((error: unknown) => {
      // Private windows and full disks come and go: ask again the next time.
      this.opened = null;
      throw error;
    });
    return this.opened;
  }

  private async openOnce(): Promise<IDBDatabase> {
    const request = this.factory.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      const keys = [
        [EDITS, 'id'],
        [COPIES, 'owner'],
        [DRAFTS, 'id']
      ] as const;
      for (const [name, keyPath] of keys) {
        request.result
          .createObjectStore(name, { keyPath })
          .createIndex('document', 'document');
      }
    };
    const database = await settled(request);
    const forget = () => {
      database.close();
      this.opened = null;
    };
    database.onversionchange = forget;
    database.onclose = forget;
    return database;
  }

  private opened: Promise<IDBDatabase> | null = null;
}
