import { IAwarenessProvider } from '@jupyter/docprovider';
import { IAwareness } from '@jupyter/ydoc';
import { User } from '@jupyterlab/services';
import {
  applyAwarenessUpdate,
  Awareness,
  encodeAwarenessUpdate,
  removeAwarenessStates
} from 'y-protocols/awareness';

import { Backoff } from './backoff';
import { judgeClose } from './close-codes';
import { OPEN, readFrame, sendAwareness } from './protocol';

const BATCH_MS = 20;

/** A room that carries awareness only, as the one of who is in the project. */
export class AwarenessLine implements IAwarenessProvider {
  constructor(
    awareness: IAwareness,
    private readonly user: User.IManager,
    private readonly openSocket: () => WebSocket,
    private readonly page: Window,
    private readonly onLine: (isOnline: boolean) => void
  ) {
    this.awareness = awareness;
    this.states = awareness;
    this.states.on('update', this.onUpdate);
    this.user.userChanged.connect(this.showUser);
    this.user.ready.then(
      () => this.showUser(),
      (error: unknown) => console.error(error)
    );
    page.addEventListener('online', this.connectNow);
    page.addEventListener('pagehide', this.sayGoodbye);
    this.connect();
  }

  readonly awareness: IAwareness;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this.sayGoodbye();
    this._isDisposed = true;
    this.states.off('update', this.onUpdate);
    this.user.userChanged.disconnect(this.showUser);
    this.page.removeEventListener('online', this.connectNow);
    this.page.removeEventListener('pagehide', this.sayGoodbye);
    clearTimeout(this.retry);
    clearTimeout(this.batch);
    this.socket?.close();
  }

  private readonly connectNow = (): void => {
    if (!this.socket) {
      clearTimeout(this.retry);
      this.backoff.reset();
      this.connect();
    }
  };

  private connect(): void {
    if (this._isDisposed) {
      return;
    }
    const socket = this.openSocket();
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.backoff.reset();
      this.onLine(true);
      this.sendOwn();
    };
    socket.onmessage = (event: MessageEvent) => {
      if (event.data instanceof ArrayBuffer) {
        this.receive(new Uint8Array(event.data));
      }
    };
    socket.onclose = event => {
      this.socket = null;
      this.onLine(false);
      const others = [...this.states.getStates().keys()].filter(
        client => client !== this.states.clientID
      );
      removeAwarenessStates(this.states, others, this);
      const { delayMs } = judgeClose(event.code, event.reason);
      this.retry = setTimeout(() => this.connect(), this.backoff.next(delayMs));
    };
  }

  private receive(data: Uint8Array): void {
    const frame = readFrame(data);
    if (frame.type === 'awareness') {
      applyAwarenessUpdate(this.states, frame.update, this);
    }
  }

  /** Only one's own state is told: everybody else tells theirs. */
  private readonly onUpdate = (
    changes: Record<'added' | 'updated' | 'removed', number[]>,
    origin: unknown
  ): void => {
    const isOwn = [changes.added, changes.updated, changes.removed].some(
      clients => clients.includes(this.states.clientID)
    );
    if (isOwn && origin !== this) {
      this.batch ??= setTimeout(() => this.sendOwn(), BATCH_MS);
    }
  };

  private sendOwn(): void {
    clearTimeout(this.batch);
    this.batch = undefined;
    if (
      this.socket?.readyState === OPEN &&
      this.states.meta.has(this.states.clientID)
    ) {
      const own = encodeAwarenessUpdate(this.states, [this.states.clientID]);
      this.socket.send(new Uint8Array(sendAwareness(own)));
    }
  }

  private readonly sayGoodbye = (): void => {
    removeAwarenessStates(this.states, [this.states.clientID], this);
    this.sendOwn();
  };

  private readonly showUser = (): void => {
    this.states.setLocalStateField('user', this.user.identity);
  };

  private readonly states: Awareness;
  private readonly backoff = new Backoff();
  private socket: WebSocket | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private batch: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}
