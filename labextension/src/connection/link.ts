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
import { IDraft, readDraftParts } from './draft';
import { IOfflineStore, IStoredCopy, IStoredEdits } from './offline-store';
import { IEntry, Outbox } from './outbox';
import * as protocol from './protocol';

/** Edits wait this long for others to share their frame. */
const BATCH_MS = 20;
/** An edit that isn't acknowledged by then is shown as "saving" and put on this computer. */
const SLOW_MS = 250;
/** Without an answer for so long, ask; without one to that either, the line is dead. */
const SILENT_MS = 3_000;
const IDLE_MS = 45_000;
const ANSWER_MS = 6_000;
/** Entries that are merged into one when there is no line. */
const MANY = 200;
const TICK_MS = 250;
const CONNECT_MS = 10_000;
/** "Saved" is said for so long after the last edit, then it goes without saying. */
const SAVED_MS = 4_000;

/**
 * - `connecting`: the document hasn't been loaded yet.
 * - `live`: everybody's edits are here, mine are there.
 * - `saving`: edits are on their way.
 * - `saved`: as live, right after edits.
 * - `offline`: no line; edits stay on this computer.
 * - `refused`: the server doesn't take this document's edits.
 */
export type LinkState =
  'connecting' | 'live' | 'saving' | 'saved' | 'offline' | 'refused';

export interface ILinkStatus {
  state: LinkState;
  /** Why, as a stable id (see close-codes), when offline or refused. */
  code: string;
  /** The server's words for it, if any. */
  message: string;
  /** Edits that the server hasn't acknowledged. */
  hasUnsent: boolean;
  /** Edits that aren't kept anywhere but in this tab. */
  hasUnkept: boolean;
}

export interface ISession {
  /** `format:type:file id`. */
  room: string;
  lineage: string;
}

/** The session couldn't be opened for a reason that the server gave. */
export class SessionError extends Error {
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message);
    this.name = 'SessionError';
  }
}

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

interface IWaiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

export class DocumentLink {
  constructor(private readonly options: ILinkOptions) {
    this.id = options.newId();
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

  get room(): string | null {
    return this.session?.room ?? null;
  }

  /** Whether this copy can't go on; see `restarting`. */
  get isEnded(): boolean {
    return this._isEnded;
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
    if (this._isDisposed || this._isEnded || (this.isStopped && !isAsked)) {
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
          this.keep(entry);
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
    this.outbox.all.forEach(entry => this.keep(entry));
    if (this.outbox.size) {
      this.keepCopy();
    }
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
      const session = this.visiting ?? (await this.findSession());
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
        this.onSessionError(error);
      }
    } finally {
      if (attempt === this.attempt) {
        this.isConnecting = false;
        this.updateStatus();
      }
    }
  }

  private async findSession(): Promise<ISession> {
    const known = this.session;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('No answer')), CONNECT_MS);
    });
    try {
      const session = await Promise.race([this.options.openSession(), late]);
      // Another file may have taken the path meanwhile; the room stays ours.
      return known && session.room !== known.room ? known : session;
    } catch (error) {
      if (known && error instanceof SessionError && error.status === 404) {
        return known;
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private onSessionError(error: unknown): void {
    if (!(error instanceof SessionError)) {
      this.scheduleRetry({ ...LINE_BROKE });
      return;
    }
    const isSignedOut = error.status === 401 || error.status === 403;
    const verdict: IVerdict = {
      action: 'reconnect',
      code: isSignedOut
        ? 'signed_out'
        : error.status === 404
          ? 'not_found'
          : 'internal_error',
      message: error.message,
      delayMs: isSignedOut ? 5_000 : 1_000,
      isFatalBeforeLoad: error.status < 500
    };
    this.onVerdict(verdict);
  }

  /** Compare what this browser holds of the document with the server's lineage. */
  private async adopt(session: ISession): Promise<boolean> {
    if (this.session && this.session.lineage !== session.lineage) {
      await this.restart({
        action: 'restart',
        code: 'lineage_changed',
        message: '',
        delayMs: 0,
        isFatalBeforeLoad: false
      });
      return false;
    }
    if (!this.session) {
      this.session = session;
      await this.findKept(session).catch((error: unknown) => {
        console.warn('Edits kept on this computer could not be read', error);
      });
    }
    return !this._isDisposed;
  }

  /** Edits of an earlier page: to merge, or of another lineage: to make a draft of. */
  private async findKept({ room, lineage }: ISession): Promise<void> {
    const { store, storeKey, isOwnerAlive } = this.options;
    const key = storeKey(room);
    const owners = new Map<string, IStoredEdits[]>();
    for (const edits of await store.edits(key)) {
      owners.set(edits.owner, [...(owners.get(edits.owner) ?? []), edits]);
    }
    const copies = owners.size ? await store.copies(key) : [];
    for (const [owner, edits] of owners) {
      if (await isOwnerAlive(owner)) {
        continue;
      }
      const fitting = edits.filter(one => one.lineage === lineage);
      const strange = edits.filter(one => one.lineage !== lineage);
      this.restored.push(...fitting);
      if (strange.length) {
        const copy = copies.find(
          one => one.owner === owner && one.lineage === strange[0].lineage
        );
        await this.putAside(strange, copy ?? null);
      }
    }
  }

  private async putAside(
    edits: IStoredEdits[],
    copy: IStoredCopy | null
  ): Promise<void> {
    const { store } = this.options;
    const draft = this.makeDraft(
      'lineage_changed',
      '',
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

  private openSocket(session: ISession): void {
    const socket = this.options.openSocket(session);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.openedAt = this.options.now();
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
    this.heardAt = this.options.now();
    this.send(protocol.askForMissing(Y.encodeStateVector(this.options.doc)));
    this.sendOwnAwareness();
    this.updateStatus();
  }

  private onLineDown(): void {
    this.isSynced = false;
    this.canSend = false;
    this.askedAt = null;
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
      this.outbox.all.forEach(entry => this.keep(entry));
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
          this.restored = [];
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
    if (this._isEnded) {
      return;
    }
    this._isEnded = true;
    this.reason = verdict;
    this.flush();
    const entries = [...this.outbox.all];
    this.draftId = this.options.newId();
    this.endedEdits = entries.map(entry => entry.update);
    this.outbox.clear();
    const draft = this.draftOfEnd(verdict);
    try {
      if (draft) {
        await this.options.store.putDraft(draft);
      }
      await this.forget(entries);
    } catch (error) {
      console.warn('A draft could not be kept on this computer', error);
    }
    this.updateStatus();
    this._restarting.emit({ verdict, draft });
  }

  private draftOfEnd(verdict: IVerdict): IDraft | null {
    return this.makeDraft(
      verdict.code,
      verdict.message,
      Y.encodeStateAsUpdate(this.options.doc),
      this.endedEdits,
      this.draftId
    );
  }

  /** What was typed between the end of this copy and its closing belongs to its draft. */
  private keepLastWords(): void {
    const { reason } = this;
    if (!this._isEnded || !reason || this.outbox.size === 0) {
      return;
    }
    this.endedEdits.push(...this.outbox.all.map(entry => entry.update));
    const draft = this.draftOfEnd(reason);
    if (draft) {
      void this.write(() => this.options.store.putDraft(draft));
    }
  }

  private makeDraft(
    code: string,
    message: string,
    state: Uint8Array | null,
    edits: readonly Uint8Array[],
    id = this.options.newId()
  ): IDraft | null {
    const { storeKey, path, contentType, now } = this.options;
    const parts = readDraftParts(contentType, state, edits);
    return parts.length && this.session
      ? {
          id,
          document: storeKey(this.session.room),
          path: path(),
          content_type: contentType,
          code,
          message,
          created: Math.round(now() / 1000),
          parts
        }
      : null;
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
    this.heardAt = this.options.now();
    this.askedAt = null;
    const { doc, awareness } = this.options;
    const frame = protocol.readFrame(data);
    switch (frame.type) {
      case 'state_vector':
        this.settle(this.outbox.acknowledgeState(frame.state_vector));
        this.answerStateVector(frame.state_vector);
        break;
      case 'missing':
        Y.applyUpdate(doc, frame.update, this);
        this.settle(this.outbox.acknowledge(frame.update));
        this.onSynced();
        break;
      case 'update':
        Y.applyUpdate(doc, frame.update, this);
        this.settle(this.outbox.acknowledge(frame.update));
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
    this.restored = [];
    this.readiness.resolve();
    this.waiting.forEach(one => one.resolve());
    this.waiting.clear();
  }

  /** Bring edits of an earlier page into the document and to the server. */
  private merge(edits: readonly IStoredEdits[]): void {
    if (edits.length === 0) {
      return;
    }
    for (const { id, update } of edits) {
      Y.applyUpdate(this.options.doc, update, this);
      if (this.outbox.add(id, update, this.options.now())) {
        this.kept.add(id);
      } else {
        void this.write(() => this.options.store.removeEdits([id]));
      }
    }
    this.restoredOwners = new Set(edits.map(one => one.owner));
    if (this.canSend) {
      this.send(
        protocol.sendUpdate(Y.mergeUpdates(edits.map(one => one.update)))
      );
    }
  }

  private onNotice(body: Readonly<Record<string, unknown>>): void {
    if (body.type === 'conflict') {
      this.closeSocket();
      void this.restart({
        action: 'restart',
        code: 'lineage_changed',
        message: '',
        delayMs: 0,
        isFatalBeforeLoad: false
      });
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
    if (done.length === 0) {
      return;
    }
    void this.forget(done);
  }

  // What is kept on this computer

  private keep(entry: IEntry): void {
    const { session } = this;
    const wasRefusedLately =
      this.unkeepableSince !== null &&
      this.options.now() - this.unkeepableSince < SILENT_MS;
    if (
      this.kept.has(entry.id) ||
      this._isEnded ||
      !session ||
      wasRefusedLately
    ) {
      return;
    }
    this.kept.add(entry.id);
    const edits: IStoredEdits = {
      id: entry.id,
      document: this.options.storeKey(session.room),
      lineage: session.lineage,
      owner: this.id,
      update: entry.update
    };
    void this.write(
      () => this.options.store.putEdits(edits),
      () => {
        this.kept.delete(entry.id);
        this.unkeepableSince = this.options.now();
      }
    );
  }

  /** After a long time offline, keep one update instead of one for every few keystrokes. */
  private compact(): void {
    const { all, size } = this.outbox;
    const { session } = this;
    if (
      size < MANY ||
      this._isEnded ||
      !session ||
      all.some(entry => !this.kept.has(entry.id))
    ) {
      return;
    }
    const old = all.map(entry => entry.id);
    const entry = this.outbox.compact(this.options.newId());
    this.keep(entry);
    old.forEach(id => this.kept.delete(id));
    void this.write(() =>
      this.kept.has(entry.id)
        ? this.options.store.removeEdits(old)
        : Promise.resolve()
    );
  }

  private keepCopy(): void {
    const { session } = this;
    if (this.hasCopy || this._isEnded || !session || !this.isLoaded) {
      return;
    }
    this.hasCopy = true;
    const copy: IStoredCopy = {
      owner: this.id,
      document: this.options.storeKey(session.room),
      lineage: session.lineage,
      path: this.options.path(),
      content_type: this.options.contentType,
      state: Y.encodeStateAsUpdate(this.options.doc)
    };
    void this.write(
      () => this.options.store.putCopy(copy),
      () => {
        this.hasCopy = false;
      }
    );
  }

  private forget(entries: readonly IEntry[]): Promise<void> {
    const ids = entries
      .map(entry => entry.id)
      .filter(id => this.kept.delete(id));
    const isEmpty = this.outbox.size === 0;
    const owners = [
      ...(isEmpty && this.hasCopy ? [this.id] : []),
      ...(isEmpty ? this.restoredOwners : [])
    ];
    if (isEmpty) {
      this.hasCopy = false;
      this.restoredOwners.clear();
    }
    if (ids.length === 0 && owners.length === 0) {
      return Promise.resolve();
    }
    return this.write(async () => {
      await this.options.store.removeEdits(ids);
      await Promise.all(
        owners.map(owner => this.options.store.removeCopy(owner))
      );
    });
  }

  /** Changes of the store happen one after the other, as they were asked for. */
  private write(
    change: () => Promise<void>,
    onFailure?: () => void
  ): Promise<void> {
    this.writes = this.writes
      .then(change)
      .then(() => {
        this.unkeepableSince = null;
      })
      .catch((error: unknown) => {
        console.warn('The browser does not keep edits', error);
        onFailure?.();
      })
      .finally(() => {
        if (!this._isDisposed) {
          this.updateStatus();
        }
      });
    return this.writes;
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
        this.keep(entry);
      }
      if (!this.isSynced || now - oldestAt > SILENT_MS) {
        this.keepCopy();
      }
    }
    if (!this.isSynced) {
      this.compact();
    }
    this.checkLine(now, oldestAt);
    this.updateStatus();
  }

  private checkLine(now: number, oldestAt: number | null): void {
    if (!this.socket) {
      return;
    }
    if (!this.isSynced) {
      if (now - Math.max(this.openedAt, this.heardAt) > CONNECT_MS) {
        this.giveUpLine();
      }
      return;
    }
    if (this.askedAt !== null) {
      if (now - this.askedAt > ANSWER_MS) {
        this.giveUpLine();
      }
      return;
    }
    const isUnanswered = oldestAt !== null && now - oldestAt > SILENT_MS;
    const isStill = now - this.heardAt > IDLE_MS;
    if (isStill || (isUnanswered && now - this.probedAt > SILENT_MS)) {
      this.askedAt = now;
      this.probedAt = now;
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
    const last = this.lastStatus;
    if (
      status.state !== last.state ||
      status.code !== last.code ||
      status.message !== last.message ||
      status.hasUnsent !== last.hasUnsent ||
      status.hasUnkept !== last.hasUnkept
    ) {
      this.lastStatus = status;
      this._statusChanged.emit(status);
    }
  }

  private readStatus(): ILinkStatus {
    const now = this.options.now();
    const hasUnsent = this.outbox.size > 0 || this.fresh.length > 0;
    return {
      state: this.readState(now),
      code: this.reason?.code ?? '',
      message: this.reason?.message ?? '',
      hasUnsent,
      hasUnkept: hasUnsent && this.unkeepableSince !== null
    };
  }

  private readState(now: number): LinkState {
    if (this._isEnded || this.isStopped) {
      return 'refused';
    }
    if (!this.isSynced) {
      return this.isLoaded || this.reason ? 'offline' : 'connecting';
    }
    const { oldestAt } = this.outbox;
    const waitedMs = oldestAt === null ? 0 : now - oldestAt;
    if (waitedMs > SILENT_MS + SLOW_MS && this.askedAt !== null) {
      return 'offline';
    }
    if (waitedMs > SLOW_MS) {
      return 'saving';
    }
    return this.editedAt !== null && now - this.editedAt < SAVED_MS
      ? 'saved'
      : 'live';
  }

  private readiness!: IWaiter;
  private readonly backoff: Backoff;
  private readonly outbox = new Outbox();
  private readonly kept = new Set<string>();
  private readonly waiting = new Set<IWaiter>();
  private readonly saving = new Map<number, IWaiter>();
  private readonly ticker: ReturnType<typeof setInterval>;
  private readonly _statusChanged = new Signal<this, ILinkStatus>(this);
  private readonly _restarting = new Signal<this, IRestart>(this);
  private session: ISession | null = null;
  private visiting: ISession | null = null;
  private socket: WebSocket | null = null;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private batch: ReturnType<typeof setTimeout> | null = null;
  private fresh: Uint8Array[] = [];
  private restored: IStoredEdits[] = [];
  private restoredOwners = new Set<string>();
  private reason: IVerdict | null = null;
  private writes: Promise<void> = Promise.resolve();
  private attempt = 0;
  private draftId = '';
  private endedEdits: Uint8Array[] = [];
  private saves = 0;
  private openedAt = 0;
  private heardAt = 0;
  private probedAt = 0;
  private askedAt: number | null = null;
  private editedAt: number | null = null;
  private hasCopy = false;
  private unkeepableSince: number | null = null;
  private isAwarenessDue = false;
  private isConnecting = false;
  private isSynced = false;
  private canSend = false;
  private isLoaded = false;
  private isStopped = false;
  private _isEnded = false;
  private _isDisposed = false;
  private lastStatus: ILinkStatus = {
    state: 'connecting',
    code: '',
    message: '',
    hasUnsent: false,
    hasUnkept: false
  };
}

const LINE_BROKE: IVerdict = {
  action: 'reconnect',
  code: 'disconnected',
  message: '',
  delayMs: 0,
  isFatalBeforeLoad: false
};
