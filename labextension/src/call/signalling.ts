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
  readonly socket: ISocket;
  readonly ticket: ITicket;
  readonly onMessage: (message: ServerMessage) => void;
  readonly onClosed: (ending: IEnding) => void;
}

type Reply = Extract<ServerMessage, { type: 'done' | 'published' }>;

interface IWaiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: CallError) => void;
}

/** One connection to a call: asks, and waits for answers. */
export class Signalling {
  constructor(private readonly _options: ISignallingOptions) {
    const { socket, ticket } = _options;
    socket.onopen = () =>
      socket.send(JSON.stringify({ ...ticket, type: 'join' }));
    socket.onmessage = event => this._hear(String(event.data));
    socket.onclose = event => {
      this._release();
      _options.onClosed(readEnding(event.reason));
    };
  }

  /** Send what needs no answer. */
  tell(message: ClientMessage): void {
    if (!this._isClosed) {
      this._options.socket.send(JSON.stringify(message));
    }
  }

  /** Ask for something; rejects with CallError when it is refused, or the connection ends. */
  ask(message: ClientMessage): Promise<Reply> {
    if (this._isClosed) {
      return Promise.reject(lost());
    }
    const id = ++this._asked;
    this._options.socket.send(JSON.stringify({ ...message, id }));
    return new Promise((resolve, reject) => {
      this._waiting.set(id, { resolve, reject });
    });
  }

  /** End the connection; nothing is heard of it any more. */
  close(): void {
    if (!this._isClosed) {
      this._release();
      this._options.socket.close(GOODBYE);
    }
  }

  private _hear(text: string): void {
    const message = readMessage(text);
    if (message === null) {
      return; // of a newer server
    }
    switch (message.type) {
      case 'done':
      case 'published':
        this._answer(message.id)?.resolve(message);
        break;
      case 'error':
        if (message.id !== null) {
          const error = new CallError(message.code, message.message);
          this._answer(message.id)?.reject(error);
        }
        break;
      default:
        this._options.onMessage(message);
    }
  }

  private _answer(id: number): IWaiting | undefined {
    const waiting = this._waiting.get(id);
    this._waiting.delete(id);
    return waiting;
  }

  private _release(): void {
    const { socket } = this._options;
    this._isClosed = true;
    socket.onopen = socket.onmessage = socket.onclose = null;
    this._waiting.forEach(({ reject }) => reject(lost()));
    this._waiting.clear();
  }

  private readonly _waiting = new Map<number, IWaiting>();
  private _asked = 0;
  private _isClosed = false;
}

/** A connection ended before the answer came. */
function lost(): CallError {
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
