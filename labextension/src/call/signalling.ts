import { ClientMessage, ITicket, readMessage, ServerMessage } from './protocol';

/** The server didn't do what was asked of it. */
export class CallError extends Error {
  constructor(
    readonly code: string,
    message: string
  ) {
    super(message);
    this.name = 'CallError';
  }
}

/** Why a connection ended. */
export interface IEnding {
  readonly code: string;
  readonly message: string;
}

/** What signalling needs of a websocket; a stand-in serves in tests. */
export interface ISocket {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** The close code of who means to go. */
const GOODBYE = 1000;

export interface ISignallingOptions {
  readonly onMessage: (message: ServerMessage) => void;
  /** The socket is gone, and the session may go on over another one. */
  readonly onClosed: (ending: IEnding) => void;
}

/** How long an answer may take; without one the line is dead, whatever the browser thinks. */
export const ANSWER_WITHIN_MS = 10_000;

type Reply = Extract<
  ServerMessage,
  { type: 'done' | 'published' | 'media_socket' | 'frames_published' }
>;

interface IWaiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: CallError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One session of a call, over one socket after the other: asks, and waits for answers. */
export class Signalling {
  constructor(private readonly _options: ISignallingOptions) {}

  /** Whether the server hears me. */
  get isOpen(): boolean {
    return this._isOpen;
  }

  /** How media connections reach the server, by the newest ticket. */
  get configuration(): RTCConfiguration {
    return this._configuration;
  }

  /** Join over a socket, as who I was if the server still knows. */
  attach(socket: ISocket, ticket: ITicket): void {
    this._release();
    this._socket = socket;
    this._configuration = { iceServers: [...(ticket.ice_servers ?? [])] };
    const { version, project, room, token } = ticket;
    const session = this._session === '' ? {} : { session: this._session };
    socket.onopen = () =>
      socket.send(
        JSON.stringify({
          type: 'join',
          version,
          project,
          room,
          token,
          ...session
        })
      );
    socket.onmessage = event => this._hear(String(event.data));
    socket.onclose = event => {
      this._release();
      this._options.onClosed(readEnding(event.reason));
    };
  }

  /** Send what needs no answer; without a connection it is lost. */
  tell(message: ClientMessage): void {
    if (this._isOpen) {
      this._socket?.send(JSON.stringify(message));
    }
  }

  /** Ask for something; rejects with CallError when it is refused, or the connection ends. */
  ask(message: ClientMessage): Promise<Reply> {
    if (!this._isOpen) {
      return Promise.reject(connectionLost());
    }
    const id = ++this._asked;
    this._socket?.send(JSON.stringify({ ...message, id }));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.drop(), ANSWER_WITHIN_MS);
      this._waiting.set(id, { resolve, reject, timer });
    });
  }

  /** Give a dead socket up, as if it had closed by itself. */
  drop(): void {
    const { _socket: socket } = this;
    if (socket) {
      this._release();
      socket.close();
      this._options.onClosed({ code: '', message: '' });
    }
  }

  /** Leave the call; nothing is heard of it any more. */
  close(): void {
    this.tell({ type: 'leave' });
    const { _socket: socket } = this;
    this._release();
    this._session = '';
    socket?.close(GOODBYE);
  }

  private _hear(text: string): void {
    const message = readMessage(text);
    if (message === null) {
      return; // of a newer server
    }
    switch (message.type) {
      case 'done':
      case 'published':
      case 'media_socket':
      case 'frames_published':
        this._answer(message.id)?.resolve(message);
        break;
      case 'error':
        if (message.id !== null) {
          const error = new CallError(message.code, message.message);
          this._answer(message.id)?.reject(error);
        }
        break;
      case 'welcome':
        this._isOpen = true;
        this._session = message.session;
        this._options.onMessage(message);
        break;
      default:
        this._options.onMessage(message);
    }
  }

  private _answer(id: number): IWaiting | undefined {
    const waiting = this._waiting.get(id);
    clearTimeout(waiting?.timer);
    this._waiting.delete(id);
    return waiting;
  }

  private _release(): void {
    const { _socket: socket } = this;
    this._isOpen = false;
    this._socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
    }
    for (const id of [...this._waiting.keys()]) {
      this._answer(id)?.reject(connectionLost());
    }
  }

  private readonly _waiting = new Map<number, IWaiting>();
  private _socket: ISocket | null = null;
  private _configuration: RTCConfiguration = {};
  private _session = '';
  private _asked = 0;
  private _isOpen = false;
}

/** A connection ended before the answer came. */
export function connectionLost(): CallError {
  return new CallError('connection_lost', '');
}

/** The reason of a close frame is JSON, or a code alone. */
export function readEnding(reason: string): IEnding {
  try {
    const { code, message } = JSON.parse(reason) as Partial<IEnding>;
    return {
      code: typeof code === 'string' ? code : '',
      message: typeof message === 'string' ? message : ''
    };
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
    return { code: reason, message: '' };
  }
}
