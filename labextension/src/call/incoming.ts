import { Backoff } from '../connection/backoff';
import { IIncoming } from './lines';
import { ServerMessage } from './protocol';
import { Reach } from './reach';
import { Signalling } from './signalling';
import { IConnectionReport } from './statistics';
import { Watch } from './watch';

type Offer = Extract<ServerMessage, { type: 'subscribe' }>;

/** The connection that brings what the others send. */
export class Incoming implements IIncoming {
  constructor(
    private readonly _signalling: Signalling,
    private readonly _reach: Reach,
    private readonly _onTracks: () => void
  ) {}

  /** What comes, by track id. */
  get tracks(): ReadonlyMap<string, MediaStreamTrack> {
    return this._tracks;
  }

  /** Take an offer, once those before are answered. */
  take(offer: Offer): void {
    this._queue = this._queue
      .then(() => this._answer(offer))
      .catch((error: unknown) => {
        if (!this._isClosed) {
          console.warn('What a call offers could not be taken', error);
          this._onBroken();
        }
      });
  }

  /** How loud the tracks with sound are, from 0 to 1. */
  async levels(): Promise<Map<string, number>> {
    const levels = new Map<string, number>();
    const reports = await this._connection?.getStats();
    reports?.forEach((report: IInboundReport) => {
      const id = report.mid === undefined ? undefined : this._ids[report.mid];
      if (
        report.type === 'inbound-rtp' &&
        id !== undefined &&
        report.audioLevel !== undefined
      ) {
        levels.set(id, report.audioLevel);
      }
    });
    return levels;
  }

  /** What the browser measures of it. */
  async report(): Promise<IConnectionReport> {
    const report = (await this._connection?.getStats()) ?? [];
    return { direction: 'down', report, names: this._ids };
  }

  /** The network is another one. */
  hurry(): void {
    this._watch?.hurry();
  }

  /** The session goes on: what broke meanwhile is asked for now. */
  resume(): void {
    if (this._isBroken) {
      this._restart();
    }
  }

  /** Follow nothing more, and keep what came last until it is closed. */
  retire(): void {
    this._isClosed = true;
    clearTimeout(this._timer);
    this._watch?.stop();
  }

  close(): void {
    this.retire();
    this._drop();
    this._tracks = new Map();
  }

  private async _answer(offer: Offer): Promise<void> {
    if (this._isClosed) {
      return;
    }
    const { sdp, tracks: ids, connection: number } = offer;
    const connection = this._connectionOf(number);
    await connection.setRemoteDescription({ type: 'offer', sdp });
    await connection.setLocalDescription();
    this._signalling.tell({
      type: 'subscribed',
      connection: number,
      sdp: connection.localDescription?.sdp ?? ''
    });
    const tracks = new Map<string, MediaStreamTrack>();
    for (const { mid, receiver } of connection.getTransceivers()) {
      const id = mid === null ? undefined : ids[mid];
      if (id !== undefined) {
        tracks.set(id, receiver.track);
      }
    }
    this._ids = ids;
    this._tracks = tracks;
    this._onTracks();
  }

  /** The connection of a number; the one before is over when there is another number. */
  private _connectionOf(number: number): RTCPeerConnection {
    if (this._connection && this._number === number) {
      return this._connection;
    }
    this._drop();
    const connection = new RTCPeerConnection(this._signalling.configuration);
    this._reach.watch(connection);
    this._watch = new Watch(
      connection,
      () => this._onBroken(),
      () => this._backoff.reset()
    );
    this._isBroken = false;
    this._number = number;
    this._connection = connection;
    return connection;
  }

  private _onBroken(): void {
    this._isBroken = true;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._restart(), this._backoff.next());
  }

  /** Have the server offer everything on a new connection. */
  private _restart(): void {
    clearTimeout(this._timer);
    if (this._number !== 0) {
      this._signalling.tell({ type: 'restart', connection: this._number });
    }
  }

  private _drop(): void {
    this._watch?.stop();
    this._connection?.close();
    this._watch = this._connection = null;
  }

  private readonly _backoff = new Backoff();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _connection: RTCPeerConnection | null = null;
  private _watch: Watch | null = null;
  private _isBroken = false;
  private _number = 0;
  private _ids: Readonly<Record<string, string>> = {};
  private _tracks: ReadonlyMap<string, MediaStreamTrack> = new Map();
  private _queue: Promise<void> = Promise.resolve();
  private _isClosed = false;
}

interface IInboundReport {
  readonly type: string;
  readonly mid?: string;
  readonly audioLevel?: number;
}
