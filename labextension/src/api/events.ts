import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { JSONValue, Token } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

/** One thing that happened on the server: its topic as `type`, and its facts. */
export interface IServerEvent {
  readonly type: string;
  readonly seq: number;
  readonly [fact: string]: JSONValue | undefined;
}

/** What happens in the project, as it happens; shared by every feature. */
export interface IEventStream {
  /** Each event once and in order. */
  readonly received: ISignal<IEventStream, IServerEvent>;

  /**
   * Events were missed, or may have been: look at everything anew. Also told when the stream begins,
   * for what was looked at before.
   */
  readonly reset: ISignal<IEventStream, void>;

  /** Whether the stream is connected changed. */
  readonly connectionChanged: ISignal<IEventStream, boolean>;

  readonly isConnected: boolean;

  /** The stream broke off, or an attempt to begin it failed; nobody says here why. */
  readonly interrupted: ISignal<IEventStream, void>;
}

export const IEventStream = new Token<IEventStream>(
  'codesyncx:IEventStream',
  'Tells what happens in the project as it happens.'
);

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 15_000;

/** What the stream needs of a websocket; a stand-in serves in tests. */
export interface ISocket {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  close(): void;
}

export interface IEventStreamOptions {
  /** Opens a socket to the stream with these query parameters. */
  connect: (query: Record<string, string>) => ISocket;

  /** Between 0 and 1, spreads reconnections of many browsers. */
  random?: () => number;
}

/** An {@link IEventStream} over a websocket that comes back by itself. */
export class EventStream implements IEventStream, IDisposable {
  constructor(options: IEventStreamOptions) {
    this._connect = options.connect;
    this._random = options.random ?? Math.random;
    this._open();
  }

  get received(): ISignal<this, IServerEvent> {
    return this._received;
  }

  get reset(): ISignal<this, void> {
    return this._reset;
  }

  get connectionChanged(): ISignal<this, boolean> {
    return this._connectionChanged;
  }

  get interrupted(): ISignal<this, void> {
    return this._interrupted;
  }

  get isConnected(): boolean {
    return this._isConnected;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._release();
    Signal.clearData(this);
  }

  /** Try again now instead of when the delay is over. */
  wake(): void {
    if (!this._isDisposed && this._socket === null) {
      this._failures = 0;
      clearTimeout(this._timer);
      this._open();
    }
  }

  private _open(): void {
    const query: Record<string, string> =
      this._stream === null
        ? {}
        : { since: String(this._seq), stream: this._stream };
    const socket = this._connect(query);
    this._socket = socket;
    socket.onmessage = event => this._onMessage(String(event.data));
    socket.onclose = () => this._onClose();
  }

  private _onMessage(text: string): void {
    const event = parseEvent(text);
    if (event === null) {
      console.warn('An event of the server could not be read', text);
      return;
    }
    switch (event.type) {
      case 'hello':
      case 'reset':
        this._onBeginning(event);
        return;
      default:
        // What happens to several things at once comes in pieces of one number.
        if (
          event.seq > this._seq ||
          (event.seq === this._seq && event.continues === true)
        ) {
          this._seq = event.seq;
          this._received.emit(event);
        }
    }
  }

  private _onBeginning(event: IServerEvent): void {
    this._failures = 0;
    const isBeginning = event.type === 'reset' || this._stream === null;
    if (isBeginning) {
      this._seq = event.seq;
    }
    this._stream = typeof event.stream === 'string' ? event.stream : null;
    this._setConnected(true);
    if (isBeginning) {
      this._reset.emit();
    }
  }

  private _onClose(): void {
    this._release();
    this._setConnected(false);
    const delay = backoff(this._failures, this._random());
    this._failures += 1;
    this._timer = setTimeout(() => this._open(), delay);
    this._interrupted.emit();
  }

  private _setConnected(isConnected: boolean): void {
    if (this._isConnected !== isConnected) {
      this._isConnected = isConnected;
      this._connectionChanged.emit(isConnected);
    }
  }

  private _release(): void {
    if (this._socket !== null) {
      this._socket.onmessage = null;
      this._socket.onclose = null;
      this._socket.close();
      this._socket = null;
    }
  }

  private readonly _connect: IEventStreamOptions['connect'];
  private readonly _random: () => number;
  private readonly _received = new Signal<this, IServerEvent>(this);
  private readonly _reset = new Signal<this, void>(this);
  private readonly _interrupted = new Signal<this, void>(this);
  private readonly _connectionChanged = new Signal<this, boolean>(this);
  private _socket: ISocket | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _stream: string | null = null;
  private _seq = 0;
  private _failures = 0;
  private _isConnected = false;
  private _isDisposed = false;
}

/** How long to wait before trying again after so many failures in a row. */
export function backoff(failures: number, random: number): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS);
  return longest * (0.5 + random / 2);
}

/** The event in a frame, `null` when it isn't one. */
export function parseEvent(text: string): IServerEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return null;
    }
    throw error;
  }
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { type, seq } = value as Partial<IServerEvent>;
  return typeof type === 'string' && typeof seq === 'number'
    ? (value as IServerEvent)
    : null;
}

/** Connects to the stream of the server of `settings`. */
export function connectTo(
  settings: ServerConnection.ISettings
): IEventStreamOptions['connect'] {
  return query => socketTo(settings, 'events', query);
}

/** Opens a socket to a route below `codesyncx/api/`. */
export function socketTo(
  settings: ServerConnection.ISettings,
  path: string,
  query: Readonly<Record<string, string>> = {}
): WebSocket {
  return new settings.WebSocket(urlOf(settings, path, query));
}

/** Gives the address of a socket to a route below `codesyncx/api/`. */
export function urlOf(
  settings: ServerConnection.ISettings,
  path: string,
  query: Readonly<Record<string, string>> = {}
): string {
  const parameters = { ...query };
  if (settings.appendToken && settings.token !== '') {
    parameters.token = settings.token;
  }
  return (
    URLExt.join(settings.wsUrl, 'codesyncx/api', path) +
    URLExt.objectToQueryString(parameters)
  );
}
