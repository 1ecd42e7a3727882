import { IDocumentProviderFactory } from '@jupyter/docprovider';
import { DocumentChange, YDocument } from '@jupyter/ydoc';
import { ISignal, Signal } from '@lumino/signaling';

import { IVerdict, SHUT_OUT } from './close-codes';
import { DocumentProvider } from './document-provider';
import { DraftShelf } from './draft-shelf';
import { IndexedDBStore } from './offline-store';
import { PageLocks } from './page-locks';
import { IConnections, IProviderRestart } from './tokens';

const NOTHING_HERE: IVerdict = {
  action: 'restart',
  code: SHUT_OUT,
  message: '',
  delayMs: 0,
  isFatalBeforeLoad: true
};

/** Makes the provider of every document and looks after them together. */
export class Connections implements IConnections, IDocumentProviderFactory {
  constructor(page: Window) {
    // Browsers leave out both on pages that aren't served over HTTPS or from this machine.
    const { locks } = page.navigator as { locks?: LockManager };
    this.locks = new PageLocks(locks);
    this.drafts = new DraftShelf(this.store);
    page.addEventListener('online', () => this.reconnect());
    page.addEventListener('beforeunload', event => this.onLeaving(event));
    page.addEventListener('pagehide', () => this.keepAll());
    page.document.addEventListener('visibilitychange', () => {
      if (page.document.visibilityState === 'visible') {
        this.reconnect();
      } else {
        this.keepAll();
      }
    });
  }

  readonly providers = new Set<DocumentProvider>();
  readonly drafts: DraftShelf;

  get isOnline(): boolean {
    return this._isOnline;
  }

  noteOnline(isOnline: boolean): void {
    if (isOnline !== this._isOnline) {
      this._isOnline = isOnline;
      this._changed.emit();
    }
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get restarting(): ISignal<this, IProviderRestart> {
    return this._restarting;
  }

  create(options: IDocumentProviderFactory.IOptions): DocumentProvider {
    const provider = new DocumentProvider(options, this.store, this.locks);
    this.providers.add(provider);
    provider.link.statusChanged.connect(() => this._changed.emit());
    provider.link.restarting.connect((_, restart) => {
      if (restart.verdict.code === SHUT_OUT) {
        this.endAll();
      }
      if (restart.draft) {
        this.drafts.note(restart.draft);
      }
      this._restarting.emit({ ...restart, provider });
    });
    provider.link.leftOut.connect((_, draft) => this.drafts.note(draft));
    options.model.disposed.connect(() => {
      provider.dispose();
      this.providers.delete(provider);
      this._changed.emit();
    });
    provider.ready.then(
      () => this.loadDrafts(provider),
      () => undefined
    );
    this._changed.emit();
    return provider;
  }

  get shutOut(): ISignal<this, void> {
    return this._shutOut;
  }

  get isShutOut(): boolean {
    return this._isShutOut;
  }

  endAll(): void {
    if (this._isShutOut) {
      return;
    }
    this._isShutOut = true;
    // First whoever takes the keys away.
    this._shutOut.emit();
    for (const { link } of this.providers) {
      const draft = link.isEnded ? link.takeLastWords() : null;
      if (draft) {
        this.drafts.note(draft);
      }
      link.end(NOTHING_HERE);
    }
  }

  find(model: YDocument<DocumentChange>): DocumentProvider | undefined {
    return [...this.providers].find(provider => provider.model === model);
  }

  /** Try all lines at once. */
  reconnect(isAsked = false): void {
    this.providers.forEach(provider => provider.link.reconnectNow(isAsked));
  }

  private loadDrafts(provider: DocumentProvider): void {
    if (provider.storeKey !== null) {
      void this.drafts.load(provider.storeKey);
    }
  }

  private keepAll(): void {
    this.providers.forEach(provider => provider.link.keepAll());
  }

  private onLeaving(event: BeforeUnloadEvent): void {
    this.keepAll();
    if ([...this.providers].some(({ link }) => link.status.hasUnkept)) {
      event.preventDefault();
    }
  }

  private readonly store = new IndexedDBStore(indexedDB);
  private readonly locks: PageLocks;
  private _isOnline = true;
  private _isShutOut = false;
  private readonly _shutOut = new Signal<this, void>(this);
  private readonly _changed = new Signal<this, void>(this);
  private readonly _restarting = new Signal<this, IProviderRestart>(this);
}
