/**
 * One document's line to the server, without JupyterLab: connects, syncs, keeps unsent edits,
 * comes back. What the person sees of it is {@link ILinkStatus}.
 */
import { ISignal, Signal } from '@lumino/signaling';
import {
  applyAwarenessUpdate,
  Awareness,
  encodeAwarenessUpdate,
  removeAwarenessStates
} from 'y-protocols/awareness';
import * as Y from 'yjs';

import { Backoff } from './backoff';
import { IVerdict, judgeClose } from './close-codes';
import { IDraft } from './draft';
import { Ending, IDraftFacts, makeDraft } from './ending';
import { findLeftBehind, ILeftBehind, IOrigin, KeptEdits } from './kept-edits';
import { LineWatch } from './line-watch';
import {
  CONNECTING,
  ILinkStatus,
  isSameStatus,
  readState,
  SILENT_MS,
  SLOW_MS
} from './link-status';
import { IOfflineStore } from './offline-store';
import { IEntry, Outbox } from './outbox';
import * as protocol from './protocol';
import { draftOfRemoved, IUnsent, removesCells } from './removed-cells';
import {
  findSession,
  ISession,
  judgeSessionError,
  LINE_BROKE,
  LINEAGE_CHANGED
} from './session';

/** Edits wait this long for others to share their frame. */
const BATCH_MS = 20;
const TICK_MS = 250;
/** The server writes it in the document's state. */
const SAVE_PROBLEM = 'save_problem';

export interface ILinkOptions {
  doc: Y.Doc;
  awareness: Awareness;
  contentType: string;
  /** Ask the server for the document's room; rejects with SessionError or a network error. */
  openSession: () => Promise<ISession>;
  openSocket: (session: ISession) => WebSocket;
  store: IOfflineStore;
  /** The name of a room's edits in the store: server, person and room. */
  storeKey: (room: string) => string;
  path: () => string;
  /** Whether the tab that holds a link is still open. */
  isOwnerAlive: (owner: string) => Promise<boolean>;
  newId: () => string;
  now: () => number;
  random?: () => number;
}

/** The document can't go on: its unsent edits are kept as `draft`, open it afresh. */
export interface IRestart {
  verdict: IVerdict;
  draft: IDraft | null;
}

type IRestored = Pick<ILeftBehind, 'fitting' | 'copies'>;
const NONE_LEFT: IRestored = { fitting: [], copies: [] };

interface IWaiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

export class DocumentLink {
  constructor(private readonly options: ILinkOptions) {
    this.id = options.newId();
    this.kept = new KeptEdits({
      store: options.store,
      owner: this.id,
      newId: options.newId,
      now: options.now,
      origin: () => this.origin,
      copy: () => ({
        path: options.path(),
        content_type: options.contentType,
        state: Y.encodeStateAsUpdate(options.doc)
      }),
      onWritten: () => {
        if (!this._isDisposed) {
          this.updateStatus();
        }
      }
    });
    this.backoff = new Backoff(options.random);
    this.ready = new Promise((resolve, reject) => {
      this.readiness = { resolve, reject };
    });
    // Whoever loads the document hears of a failure; nobody else has to.
    this.ready.catch(() => undefined);
    options.doc.on('update', this.onUpdate);
    options.awareness.on('update', this.onAwareness);
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    void this.connect();
  }

  /** Names this link among all tabs. */
  readonly id: string;

  /** Settles when the document is loaded, or can't be. */
  readonly ready: Promise<void>;

  get status(): ILinkStatus {
    return this.lastStatus;
  }

  get statusChanged(): ISignal<this, ILinkStatus> {
    return this._statusChanged;
  }

  /** The copy has come to its end; emitted once. */
  get restarting(): ISignal<this, IRestart> {
    return this._restarting;
  }

  /** Edits that were merged, and yet aren't in the document. */
  get leftOut(): ISignal<this, IDraft> {
    return this._leftOut;
  }

  get room(): string | null {
    return this.session?.room ?? null;
  }

  /** Whether this copy can't go on; see `restarting`. */
  get isEnded(): boolean {
    return this.ending !== null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Resolves at once when the document is in sync, else when it is again. */
  async whenConnected(): Promise<void> {
    if (this.isSynced) {
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.waiting.add({ resolve, reject });
    });
  }

  /** Have the server write the file; waits for the line when there is none. */
  async save(): Promise<void> {
    await this.whenConnected();
    this.flush();
    const id = ++this.saves;
    const answer = new Promise<void>((resolve, reject) => {
      this.saving.set(id, { resolve, reject });
    });
    this.send(protocol.requestSave(id));
    await answer;
  }

  /**
   * Don't wait for the next attempt.
   *
   * @param isAsked - by the person, who may have mended what stopped it.
   */
  reconnectNow(isAsked = false): void {
    if (this._isDisposed || this.ending || (this.isStopped && !isAsked)) {
      return;
    }
    this.isStopped = false;
    this.backoff.reset();
    if (this.retry !== null) {
      clearTimeout(this.retry);
      this.retry = null;
      void this.connect();
    } else if (!this.socket && !this.isConnecting) {
      void this.connect();
    }
  }

  /** Drop the line, if any, and connect anew. */
  async reconnect(): Promise<void> {
    this.visiting = null;
    this.closeSocket();
    await this.connect();
  }

  /** Join another room with this document, as the timeline does; nothing is kept for it. */
  async visit(session: ISession): Promise<void> {
    this.visiting = session;
    this.closeSocket();
    await this.connect();
  }

  /** Send and keep what was typed up to now; the tab may be about to go. */
  flush(): void {
    if (this.batch !== null) {
      clearTimeout(this.batch);
      this.batch = null;
    }
    if (this.fresh.length) {
      const update = Y.mergeUpdates(this.fresh);
      this.fresh = [];
      const entry = this.outbox.add(
        this.options.newId(),
        update,
        this.options.now()
      );
      if (entry) {
        this.editedAt = this.options.now();
        if (this.canSend) {
          this.send(protocol.sendUpdate(update));
        } else {
          this.kept.keep(entry);
        }
      }
    }
    if (this.isAwarenessDue && this.canSend) {
      this.isAwarenessDue = false;
      this.sendOwnAwareness();
    }
    this.updateStatus();
  }

  /** As `flush`, and put on this computer everything that isn't acknowledged. */
  keepAll(): void {
    this.flush();
    this.outbox.all.forEach(entry => this.kept.keep(entry));
    if (this.outbox.size && this.isLoaded) {
      this.kept.keepCopy();
    }
  }

  /** This copy can't go on, for a reason that isn't of its own line. */
  end(verdict: IVerdict): void {
    if (!this._isDisposed && !this.ending) {
      this.closeSocket();
      if (this.retry !== null) {
        clearTimeout(this.retry);
        this.retry = null;
      }
      void this.restart(verdict);
    }
  }

  /** The draft of a copy that has ended, with what was typed since then; null without that. */
  takeLastWords(): IDraft | null {
    this.flush();
    return this.keepLastWords();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this.keepAll();
    this.keepLastWords();
    this._isDisposed = true;
    clearInterval(this.ticker);
    if (this.retry !== null) {
      clearTimeout(this.retry);
    }
    this.options.doc.off('update', this.onUpdate);
    this.options.awareness.off('update', this.onAwareness);
    this.sendGoodbye();
    this.closeSocket();
    const gone = new Error('The document was closed');
    gone.name = 'ModalCancelError';
    this.readiness.reject(gone);
    [...this.waiting, ...this.saving.values()].forEach(one => one.reject(gone));
    this.waiting.clear();
    this.saving.clear();
    Signal.clearData(this);
  }

  // Connecting

  private async connect(): Promise<void> {
    const attempt = ++this.attempt;
    const isStale = () => this._isDisposed || attempt !== this.attempt;
    this.isConnecting = true;
    try {
      const session =
        this.visiting ??
        (await findSession(this.options.openSession, this.session));
      if (isStale()) {
        return;
      }
      if (!this.visiting && !(await this.adopt(session))) {
        return;
      }
      if (!isStale()) {
        this.openSocket(session);
      }
    } catch (error) {
      if (!isStale()) {
        this.onVerdict(judgeSessionError(error));
      }
    } finally {
      if (attempt === this.attempt) {
        this.isConnecting = false;
        this.updateStatus();
      }
    }
  }

  /** Compare what this browser holds of the document with the server's lineage. */
  private async adopt(session: ISession): Promise<boolean> {
    if (this.session && this.session.lineage !== session.lineage) {
      await this.restart({ ...LINEAGE_CHANGED });
      return false;
    }
    if (!this.session) {
      this.session = session;
      await this.takeLeftBehind(session).catch((error: unknown) => {
        console.warn('Edits kept on this computer could not be read', error);
      });
    }
    return !this._isDisposed;
  }

  /** Edits of an earlier page: to merge, or of another lineage: to make a draft of. */
  private async takeLeftBehind({ room, lineage }: ISession): Promise<void> {
    const { store, storeKey, isOwnerAlive } = this.options;
    const origin = { document: storeKey(room), lineage };
    const found = await findLeftBehind(store, origin, isOwnerAlive);
    this.restored = found;
    for (const { edits, copy } of found.strange) {
      const draft = makeDraft(
        this.options.newId(),
        this.draftFacts(room),
        LINEAGE_CHANGED,
        copy?.state ?? null,
        edits.map(one => one.update)
      );
      if (draft) {
        await store.putDraft(draft);
      }
      await store.removeEdits(edits.map(one => one.id));
      if (copy) {
        await store.removeCopy(copy.owner);
      }
    }
  }

  private openSocket(session: ISession): void {
    const socket = this.options.openSocket(session);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.watch.opened(this.options.now());
    socket.onopen = () => {
      if (socket === this.socket) {
        this.onOpen();
      }
    };
    socket.onmessage = (event: MessageEvent) => {
      if (socket === this.socket && event.data instanceof ArrayBuffer) {
        this.receive(new Uint8Array(event.data));
      }
    };
    socket.onclose = (event: CloseEvent) => {
      if (socket === this.socket) {
        this.onClose(event.code, event.reason);
      }
    };
  }

  private closeSocket(): void {
    this.attempt += 1;
    this.isConnecting = false;
    const { socket } = this;
    this.socket = null;
    socket?.close();
    this.onLineDown();
  }

  private onOpen(): void {
    this.watch.heard(this.options.now());
    this.send(protocol.askForMissing(Y.encodeStateVector(this.options.doc)));
    this.sendOwnAwareness();
    this.updateStatus();
  }

  private onLineDown(): void {
    this.isSynced = false;
    this.canSend = false;
    this.watch.closed();
    const { awareness } = this.options;
    const others = [...awareness.getStates().keys()].filter(
      client => client !== awareness.clientID
    );
    removeAwarenessStates(awareness, others, this);
    const lost = new Error('The connection was lost');
    this.saving.forEach(one => one.reject(lost));
    this.saving.clear();
    if (!this._isDisposed) {
      this.flush();
      this.outbox.all.forEach(entry => this.kept.keep(entry));
    }
  }

  private onClose(code: number, reason: string): void {
    this.socket = null;
    this.onLineDown();
    this.onVerdict(judgeClose(code, reason));
  }

  private onVerdict(verdict: IVerdict): void {
    if (!this.isLoaded && verdict.isFatalBeforeLoad) {
      this.isStopped = true;
      this.reason = verdict;
      this.readiness.reject(new Error(verdict.message || verdict.code));
      this.updateStatus();
      return;
    }
    switch (verdict.action) {
      case 'reconnect':
        this.scheduleRetry(verdict);
        break;
      case 'restart':
        if (this.isLoaded) {
          void this.restart(verdict);
        } else {
          // Nothing was shown yet: begin with what the server has now.
          this.session = null;
          this.restored = NONE_LEFT;
          this.scheduleRetry(verdict);
        }
        break;
      case 'stop':
        this.isStopped = true;
        this.reason = verdict;
        this.updateStatus();
    }
  }

  private scheduleRetry(verdict: IVerdict): void {
    this.reason = verdict;
    if (this.retry !== null) {
      clearTimeout(this.retry);
    }
    this.retry = setTimeout(() => {
      this.retry = null;
      void this.connect();
    }, this.backoff.next(verdict.delayMs));
    this.updateStatus();
  }

  private async restart(verdict: IVerdict): Promise<void> {
    if (this.ending) {
      return;
    }
    const ending = new Ending(this.options.newId(), verdict);
    this.ending = ending;
    this.reason = verdict;
    this.flush();
    const entries = [...this.outbox.all];
    const draft = this.draftOfRest(ending);
    try {
      if (draft) {
        await this.options.store.putDraft(draft);
      }
      await this.kept.forget(entries, true);
    } catch (error) {
      console.warn('A draft could not be kept on this computer', error);
    }
    this.updateStatus();
    this._restarting.emit({ verdict, draft });
  }

  /** What was typed between the end of this copy and its closing belongs to its draft. */
  private keepLastWords(): IDraft | null {
    if (!this.ending || this.outbox.size === 0) {
      return null;
    }
    const draft = this.draftOfRest(this.ending);
    if (draft) {
      void this.kept.write(() => this.options.store.putDraft(draft));
    }
    return draft;
  }

  private draftOfRest(ending: Ending): IDraft | null {
    const edits = this.outbox.all.map(entry => entry.update);
    this.outbox.clear();
    const { session } = this;
    const state = Y.encodeStateAsUpdate(this.options.doc);
    return session
      ? ending.draft(this.draftFacts(session.room), state, edits)
      : null;
  }

  private draftFacts(room: string): IDraftFacts {
    const { storeKey, path, contentType, now } = this.options;
    return {
      document: storeKey(room),
      path: path(),
      contentType,
      now: now()
    };
  }

  // Frames

  private receive(data: Uint8Array): void {
    try {
      this.onMessage(data);
    } catch (error) {
      // A damaged frame: what it carried comes again with the next sync.
      console.warn('A frame could not be read', error);
      this.giveUpLine();
    }
  }

  private onMessage(data: Uint8Array): void {
    this.watch.heard(this.options.now());
    const { awareness } = this.options;
    const frame = protocol.readFrame(data);
    switch (frame.type) {
      case 'state_vector':
        this.settle(this.outbox.acknowledgeState(frame.state_vector));
        this.answerStateVector(frame.state_vector);
        break;
      case 'missing':
        this.takeIn(frame.update);
        this.onSynced();
        break;
      case 'update':
        this.takeIn(frame.update);
        break;
      case 'awareness':
        applyAwarenessUpdate(awareness, frame.update, this);
        break;
      case 'notice':
        this.onNotice(frame.body);
        break;
      case 'unknown':
        break;
    }
    this.updateStatus();
  }

  private takeIn(update: Uint8Array): void {
    const unsent = this.readUnsent(update);
    Y.applyUpdate(this.options.doc, update, this);
    this.settle(this.outbox.acknowledge(update));
    this.keepRemoved(unsent);
  }

  private answerStateVector(stateVector: Uint8Array): void {
    // What waits for its batch goes with the answer.
    this.flush();
    this.send(
      protocol.sendMissing(Y.encodeStateAsUpdate(this.options.doc, stateVector))
    );
    this.canSend = true;
  }

  private onSynced(): void {
    if (this.isSynced) {
      return;
    }
    this.isSynced = true;
    this.isLoaded = true;
    this.isStopped = false;
    this.reason = null;
    this.backoff.reset();
    this.merge(this.restored);
    this.restored.copies.forEach(copy => {
      const edits = this.restored.fitting.filter(
        one => one.owner === copy.owner
      );
      this.keepRemoved({
        state: copy.state,
        edits: edits.map(one => one.update)
      });
    });
    this.restored = NONE_LEFT;
    this.readiness.resolve();
    this.waiting.forEach(one => one.resolve());
    this.waiting.clear();
  }

  /** Bring edits of an earlier page into the document and to the server. */
  private merge({ fitting: edits }: IRestored): void {
    if (edits.length === 0) {
      return;
    }
    for (const one of edits) {
      Y.applyUpdate(this.options.doc, one.update, this);
      this.kept.inherit(one);
      if (!this.outbox.add(one.id, one.update, this.options.now())) {
        void this.kept.remove([one.id], []);
      }
    }
    if (this.canSend) {
      this.send(
        protocol.sendUpdate(Y.mergeUpdates(edits.map(one => one.update)))
      );
    }
  }

  /** Edits on their way to the server while they can still be read, if `update` removes cells. */
  private readUnsent(update: Uint8Array): IUnsent | null {
    const { doc, contentType } = this.options;
    const isIdle = this.outbox.size === 0 && this.fresh.length === 0;
    if (isIdle || contentType !== 'notebook' || !removesCells(update, doc)) {
      return null;
    }
    this.flush();
    return {
      state: Y.encodeStateAsUpdate(doc),
      edits: this.outbox.all.map(entry => entry.update)
    };
  }

  /** Keep what was typed in cells that aren't there any more. */
  private keepRemoved(unsent: IUnsent | null): void {
    const { doc, newId, store } = this.options;
    if (!unsent || !this.session) {
      return;
    }
    const facts = this.draftFacts(this.session.room);
    const draft = draftOfRemoved(newId(), facts, unsent, doc);
    if (draft) {
      void this.kept.write(() => store.putDraft(draft));
      this._leftOut.emit(draft);
    }
  }

  private onNotice(body: Readonly<Record<string, unknown>>): void {
    if (body.type === 'conflict') {
      this.closeSocket();
      void this.restart({ ...LINEAGE_CHANGED });
    } else if (body.type === 'save' && typeof body.responseTo === 'number') {
      const waiter = this.saving.get(body.responseTo);
      this.saving.delete(body.responseTo);
      // "Skipped" says that a save is under way already: as good as this one.
      if (body.status === 'success' || body.status === 'skipped') {
        waiter?.resolve();
      } else {
        waiter?.reject(
          new Error(
            typeof body.message === 'string'
              ? body.message
              : 'The server could not write the file'
          )
        );
      }
    }
  }

  private send(frame: Uint8Array): void {
    if (this.socket?.readyState === protocol.OPEN) {
      this.socket.send(frame);
    }
  }

  private sendOwnAwareness(): void {
    const { awareness } = this.options;
    if (awareness.meta.has(awareness.clientID)) {
      this.send(
        protocol.sendAwareness(
          encodeAwarenessUpdate(awareness, [awareness.clientID])
        )
      );
    }
  }

  private sendGoodbye(): void {
    const { awareness } = this.options;
    if (awareness.getLocalState() !== null) {
      removeAwarenessStates(awareness, [awareness.clientID], this);
    }
    this.sendOwnAwareness();
  }

  // Edits

  private readonly onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this || this.visiting) {
      return;
    }
    this.fresh.push(update);
    this.startBatch();
  };

  private readonly onAwareness = (
    changes: Record<'added' | 'updated' | 'removed', number[]>,
    origin: unknown
  ): void => {
    const { clientID } = this.options.awareness;
    const isOwn = [changes.added, changes.updated, changes.removed].some(
      clients => clients.includes(clientID)
    );
    if (isOwn && origin !== this) {
      this.isAwarenessDue = true;
      this.startBatch();
    }
  };

  private startBatch(): void {
    this.batch ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  private settle(done: readonly IEntry[]): void {
    if (done.length) {
      void this.kept.forget(done, this.outbox.size === 0);
    }
  }

  // Time

  private tick(): void {
    const now = this.options.now();
    const { oldestAt } = this.outbox;
    if (oldestAt !== null) {
      for (const entry of this.outbox.all) {
        if (now - entry.addedAt < SLOW_MS) {
          break;
        }
        this.kept.keep(entry);
      }
      if (this.isLoaded && (!this.isSynced || now - oldestAt > SILENT_MS)) {
        this.kept.keepCopy();
      }
    }
    if (!this.isSynced) {
      this.kept.compact(this.outbox);
    }
    this.checkLine(now, oldestAt);
    this.updateStatus();
  }

  private checkLine(now: number, oldestAt: number | null): void {
    if (!this.socket) {
      return;
    }
    const verdict = this.watch.judge(now, this.isSynced, oldestAt);
    if (verdict === 'dead') {
      this.giveUpLine();
    } else if (verdict === 'ask') {
      this.watch.asked(now);
      this.send(
        protocol.askForMissing(
          this.outbox.stateVectorWithoutWaiting(this.options.doc)
        )
      );
    }
  }

  /** Nobody answers: the socket may not notice for minutes. */
  private giveUpLine(): void {
    this.closeSocket();
    this.scheduleRetry({ ...LINE_BROKE });
  }

  private updateStatus(): void {
    const status = this.readStatus();
    if (!isSameStatus(status, this.lastStatus)) {
      this.lastStatus = status;
      this._statusChanged.emit(status);
    }
  }

  private readStatus(): ILinkStatus {
    const hasUnsent = this.outbox.size > 0 || this.fresh.length > 0;
    const saveProblem = this.readSaveProblem();
    const state = readState(
      {
        isRefused: this.ending !== null || this.isStopped,
        isSynced: this.isSynced,
        hasBeenHeard: this.isLoaded || this.reason !== null,
        isAsking: this.watch.isAsking,
        oldestAt: this.outbox.oldestAt,
        editedAt: this.editedAt,
        hasSaveProblem: saveProblem !== ''
      },
      this.options.now()
    );
    return {
      state,
      code: this.reason?.code ?? '',
      message: state === 'unsaved' ? saveProblem : (this.reason?.message ?? ''),
      hasUnsent,
      hasUnkept: hasUnsent && this.kept.isFailing
    };
  }

  /** Why the server can't save, as it tells everybody in the document; empty if it can. */
  private readSaveProblem(): string {
    const problem = this.options.doc.getMap('state').get(SAVE_PROBLEM);
    return typeof problem === 'string' ? problem : '';
  }

  private get origin(): IOrigin | null {
    const { session } = this;
    return session && !this.ending
      ? {
          document: this.options.storeKey(session.room),
          lineage: session.lineage
        }
      : null;
  }

  private readiness!: IWaiter;
  private readonly backoff: Backoff;
  private readonly outbox = new Outbox();
  private readonly kept: KeptEdits;
  private readonly watch = new LineWatch();
  private readonly waiting = new Set<IWaiter>();
  private readonly saving = new Map<number, IWaiter>();
  private readonly ticker: ReturnType<typeof setInterval>;
  private readonly _statusChanged = new Signal<this, ILinkStatus>(this);
  private readonly _leftOut = new Signal<this, IDraft>(this);
  private readonly _restarting = new Signal<this, IRestart>(this);
  private session: ISession | null = null;
  private visiting: ISession | null = null;
  private socket: WebSocket | null = null;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private batch: ReturnType<typeof setTimeout> | null = null;
  private fresh: Uint8Array[] = [];
  private restored: IRestored = NONE_LEFT;
  private reason: IVerdict | null = null;
  private ending: Ending | null = null;
  private attempt = 0;
  private saves = 0;
  private editedAt: number | null = null;
  private isAwarenessDue = false;
  private isConnecting = false;
  private isSynced = false;
  private canSend = false;
  private isLoaded = false;
  private isStopped = false;
  private _isDisposed = false;
  private lastStatus = CONNECTING;
}
