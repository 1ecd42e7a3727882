/** What one link keeps on this computer of the edits that the server hasn't acknowledged. */
import { SILENT_MS } from './link-status';
import { IOfflineStore, IStoredCopy, IStoredEdits } from './offline-store';
import { IEntry, Outbox } from './outbox';

/** Entries that are merged into one when there is no line. */
const MANY = 200;

/** Where edits belong: to a document, and to the beginning it grew from. */
export interface IOrigin {
  document: string;
  lineage: string;
}

export interface IKeptEditsOptions {
  store: IOfflineStore;
  /** Names the link among all tabs. */
  owner: string;
  newId: () => string;
  now: () => number;
  /** Where edits belong now; null while nothing is to be kept. */
  origin: () => IOrigin | null;
  /** The whole document, to read the edits by without the server. */
  copy: () => Pick<IStoredCopy, 'path' | 'content_type' | 'state'>;
  /** Something was written, or couldn't be. */
  onWritten: () => void;
}

export class KeptEdits {
  constructor(private readonly options: IKeptEditsOptions) {}

  /** Whether the browser doesn't take what it is given to keep. */
  get isFailing(): boolean {
    return this.failedAt !== null;
  }

  keep(entry: IEntry): void {
    const { store, owner, now } = this.options;
    const origin = this.options.origin();
    const failedLately =
      this.failedAt !== null && now() - this.failedAt < SILENT_MS;
    if (this.kept.has(entry.id) || !origin || failedLately) {
      return;
    }
    this.kept.add(entry.id);
    const edits: IStoredEdits = {
      ...origin,
      id: entry.id,
      owner,
      update: entry.update
    };
    // At once, not after what is being written: the page may be closing.
    const done = this.settled(store.putEdits(edits), () => {
      this.kept.delete(entry.id);
      this.failedAt = now();
    });
    this.writes = Promise.all([this.writes, done]).then(() => undefined);
  }

  keepCopy(): void {
    const { store, owner } = this.options;
    const origin = this.options.origin();
    if (this.hasCopy || !origin) {
      return;
    }
    this.hasCopy = true;
    const copy = { ...origin, ...this.options.copy(), owner };
    void this.write(
      () => store.putCopy(copy),
      () => {
        this.hasCopy = false;
      }
    );
  }

  /** After a long time offline, keep one update instead of one for every few keystrokes. */
  compact(outbox: Outbox): void {
    const { all, size } = outbox;
    if (
      size < MANY ||
      !this.options.origin() ||
      all.some(entry => !this.kept.has(entry.id))
    ) {
      return;
    }
    const old = all.map(entry => entry.id);
    const entry = outbox.compact(this.options.newId());
    this.keep(entry);
    old.forEach(id => this.kept.delete(id));
    void this.write(() =>
      this.kept.has(entry.id)
        ? this.options.store.removeEdits(old)
        : Promise.resolve()
    );
  }

  /** Edits of an earlier page have come into the document: they are kept already. */
  inherit(edits: IStoredEdits): void {
    this.kept.add(edits.id);
    this.formerOwners.add(edits.owner);
  }

  /** Entries are acknowledged; with `isAll` nothing waits any more. */
  forget(entries: readonly IEntry[], isAll: boolean): Promise<void> {
    const ids = entries
      .map(entry => entry.id)
      .filter(id => this.kept.delete(id));
    const owners: string[] = [];
    if (isAll) {
      owners.push(...this.formerOwners);
      if (this.hasCopy) {
        owners.push(this.options.owner);
      }
      this.hasCopy = false;
      this.formerOwners.clear();
    }
    return this.remove(ids, owners);
  }

  /** Remove stored edits, and the copies of these owners. */
  remove(ids: readonly string[], owners: readonly string[]): Promise<void> {
    if (ids.length === 0 && owners.length === 0) {
      return Promise.resolve();
    }
    const { store } = this.options;
    return this.write(async () => {
      await store.removeEdits(ids);
      await Promise.all(owners.map(owner => store.removeCopy(owner)));
    });
  }

  /** Changes of the store happen one after the other, as they were asked for; edits come in at once. */
  write(change: () => Promise<void>, onFailure?: () => void): Promise<void> {
    this.writes = this.settled(this.writes.then(change), onFailure);
    return this.writes;
  }

  private settled(done: Promise<void>, onFailure?: () => void): Promise<void> {
    return done
      .then(() => {
        this.failedAt = null;
      })
      .catch((error: unknown) => {
        console.warn('The browser does not keep edits', error);
        onFailure?.();
      })
      .finally(() => this.options.onWritten());
  }

  private readonly kept = new Set<string>();
  private readonly formerOwners = new Set<string>();
  private hasCopy = false;
  private failedAt: number | null = null;
  private writes: Promise<void> = Promise.resolve();
}

/** Edits that an earlier page left behind, by whom. */
export interface ILeftBehind {
  /** Of this lineage: they can be merged. */
  fitting: IStoredEdits[];
  /** The documents that those were made in, as far as they were kept. */
  copies: IStoredCopy[];
  /** Of others, each with the document they were made in, if that was kept: drafts. */
  strange: { edits: IStoredEdits[]; copy: IStoredCopy | null }[];
}

/** Find the edits of pages that are gone. */
export async function findLeftBehind(
  store: IOfflineStore,
  { document, lineage }: IOrigin,
  isOwnerAlive: (owner: string) => Promise<boolean>
): Promise<ILeftBehind> {
  const byOwner = new Map<string, IStoredEdits[]>();
  for (const edits of await store.edits(document)) {
    byOwner.set(edits.owner, [...(byOwner.get(edits.owner) ?? []), edits]);
  }
  const copies = byOwner.size ? await store.copies(document) : [];
  const found: ILeftBehind = { fitting: [], copies: [], strange: [] };
  for (const [owner, edits] of byOwner) {
    if (await isOwnerAlive(owner)) {
      continue;
    }
    found.fitting.push(...edits.filter(one => one.lineage === lineage));
    found.copies.push(
      ...copies.filter(one => one.owner === owner && one.lineage === lineage)
    );
    const strange = edits.filter(one => one.lineage !== lineage);
    if (strange.length) {
      const copy = copies.find(
        one => one.owner === owner && one.lineage === strange[0].lineage
      );
      found.strange.push({ edits: strange, copy: copy ?? null });
    }
  }
  return found;
}
