import { ServerMessage } from './protocol';
import { Signalling } from './signalling';

type Offer = Extract<ServerMessage, { type: 'subscribe' }>;

/** The connection that brings what the others send. */
export class Incoming {
  constructor(
    private readonly _signalling: Signalling,
    private readonly _onTracks: () => void,
    private readonly _onFailed: () => void
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
          this._onFailed();
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

  close(): void {
    this._isClosed = true;
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
    const connection = new RTCPeerConnection();
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'failed') {
        this._onFailed();
      }
    };
    this._number = number;
    this._connection = connection;
    return connection;
  }

  private _drop(): void {
    if (this._connection) {
      this._connection.onconnectionstatechange = null;
      this._connection.close();
      this._connection = null;
    }
  }

  private _connection: RTCPeerConnection | null = null;
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
