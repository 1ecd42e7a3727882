import { IDisposable } from '@lumino/disposable';

import { backoff, ISocket } from '../api/events';
import { IPiece, IRun, LogMessage } from './api';

/** The server closes a log with it when the run is over and all of it has been told. */
const OVER = 1000;
/** Closed with a reason that trying again won't change: 44xx are the server's own refusals. */
const REFUSALS = [4400, 4499] as const;
const MOST_FAILURES = 8;

export interface ILogListener {
  readonly onRun: (run: IRun) => void;
  readonly onOutput: (pieces: readonly IPiece[]) => void;
  /** The log can't be had any longer. */
  readonly onLost: () => void;
}

/** Follows what one run prints, from its beginning to its end, over broken connections too. */
export class LogStream implements IDisposable {
  constructor(
    private readonly connect: (query: Record<string, string>) => ISocket,
    private readonly listener: ILogListener,
    private readonly random: () => number = Math.random
  ) {
    this.open();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this.timer);
    this.release();
  }

  private open(): void {
    const socket = this.connect({ after: String(this.last) });
    this.socket = socket;
    socket.onmessage = event => this.onMessage(String(event.data));
    socket.onclose = ({ code }) => this.onClose(code);
  }

  private onMessage(text: string): void {
    const message = JSON.parse(text) as LogMessage;
    this.failures = 0;
    if (message.type === 'run') {
      this.listener.onRun(message.run);
      return;
    }
    const news = message.pieces.filter(({ number }) => number > this.last);
    this.last = news.at(-1)?.number ?? this.last;
    this.listener.onOutput(news);
  }

  private onClose(code: number): void {
    this.release();
    if (code === OVER) {
      return;
    }
    const isRefused = code >= REFUSALS[0] && code <= REFUSALS[1];
    if (isRefused || this.failures >= MOST_FAILURES) {
      this.listener.onLost();
      return;
    }
    const delay = backoff(this.failures, this.random());
    this.failures += 1;
    this.timer = setTimeout(() => this.open(), delay);
  }

  private release(): void {
    if (this.socket !== null) {
      this.socket.onmessage = null;
      this.socket.onclose = null;
      this.socket.close();
      this.socket = null;
    }
  }

  private socket: ISocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = -1;
  private failures = 0;
  private _isDisposed = false;
}
