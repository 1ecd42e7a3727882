import { PromiseDelegate } from '@lumino/coreutils';

import { CameraCodec, cameraEncoding } from './camera-codec';
import { IOutgoing, ISending, ISent } from './lines';
import { TrackKind } from './protocol';
import { Reach } from './reach';
import { CallError, connectionLost, Signalling } from './signalling';
import { IConnectionReport } from './statistics';
import { Watch } from './watch';

interface ISentOver extends ISent {
  readonly transceiver: RTCRtpTransceiver;
}

export interface IOutgoingListener {
  readonly onBroken: () => void;
  readonly onConnected: () => void;
  /** All that was sent has ended, and with it what the connection is good for. */
  readonly onEmpty: () => void;
}

/** The connection that carries what I send. Every change waits for the one before. */
export class Outgoing implements IOutgoing {
  constructor(
    private readonly _signalling: Signalling,
    configuration: RTCConfiguration,
    reach: Reach,
    private readonly _codec: () => CameraCodec,
    { onBroken, onConnected, onEmpty }: IOutgoingListener
  ) {
    this._onEmpty = onEmpty;
    this._connection = new RTCPeerConnection(configuration);
    reach.watch(this._connection);
    this._watch = new Watch(
      this._connection,
      () => {
        this._isBroken = true;
        onBroken();
      },
      onConnected
    );
    this._closed.promise.catch(() => undefined);
  }

  /** The server's number of this connection; 0 before it has one. */
  get number(): number {
    return this._number;
  }

  /** Whether it carries nothing more, or nobody knows what the server took of the last offer. */
  get isBroken(): boolean {
    return this._isBroken;
  }

  /** The network is another one. */
  hurry(): void {
    this._watch.hurry();
  }

  /** Send tracks; rejects with CallError, and sends none of them, when the server takes them not. */
  send(tracks: readonly ISending[]): Promise<ISentOver[]> {
    return this._next(async () => {
      const camera = await cameraEncoding(this._codec());
      const added = tracks.map(({ kind, track }) => {
        const transceiver = this._connection.addTransceiver(track, {
          direction: 'sendonly',
          sendEncodings: kind === 'camera' ? camera.layers : undefined
        });
        if (kind === 'camera' && camera.codecs) {
          transceiver.setCodecPreferences(camera.codecs);
        }
        this._kinds.set(transceiver, kind);
        return transceiver;
      });
      try {
        const ids = await this._offer(tracks.map(({ id }) => id));
        return added.map(transceiver => ({
          id: ids[transceiver.mid ?? ''],
          transceiver,
          stop: () => this._retire(transceiver),
          replace: track => transceiver.sender.replaceTrack(track)
        }));
      } catch (error) {
        added.forEach(transceiver => transceiver.stop());
        throw error;
      }
    });
  }

  /** Send tracks no longer. */
  end(tracks: readonly ISent[]): Promise<void> {
    return this._next(async () => {
      tracks.forEach(sent => sent.stop());
      await this._offer();
    });
  }

  /** How loud my microphone is, from 0 to 1; null where nothing is sent. */
  async level(track: MediaStreamTrack): Promise<number | null> {
    let level: number | null = null;
    const reports = await this._connection.getStats();
    reports.forEach((report: ISourceReport) => {
      if (
        report.type === 'media-source' &&
        report.trackIdentifier === track.id
      ) {
        level = report.audioLevel ?? null;
      }
    });
    return level;
  }

  /** What the browser measures of it; each track is called by its kind. */
  async report(): Promise<IConnectionReport> {
    const report = await this._connection.getStats();
    return { direction: 'up', report, names: this._kindsByMid() };
  }

  close(): void {
    this._isClosed = true;
    this._closed.reject(connectionLost());
    this._watch.stop();
    this._connection.close();
  }

  /** Make an offer; the last transceivers are those of tracks that have an id, or none yet. */
  private async _offer(
    known: readonly (string | null)[] = []
  ): Promise<Readonly<Record<string, string>>> {
    const connection = this._connection;
    await connection.setLocalDescription();
    const kinds = this._kindsByMid();
    const added = known.length
      ? connection.getTransceivers().slice(-known.length)
      : [];
    const goes_on: Record<string, string> = {};
    added.forEach(({ mid }, index) => {
      const id = known[index];
      if (mid !== null && id !== null) {
        goes_on[mid] = id;
      }
    });
    try {
      const reply = await this._signalling.ask({
        type: 'publish',
        sdp: connection.localDescription?.sdp ?? '',
        tracks: kinds,
        goes_on
      });
      if (reply.type !== 'published') {
        return {};
      }
      this._number = reply.connection;
      await connection.setRemoteDescription({ type: 'answer', sdp: reply.sdp });
      return reply.tracks;
    } catch (error) {
      if (error instanceof CallError && error.code === 'connection_lost') {
        this._isBroken = true;
      }
      if (connection.signalingState === 'have-local-offer') {
        await connection.setLocalDescription({ type: 'rollback' });
      }
      throw error;
    }
  }

  /**
   * Send nothing over a transceiver any more. With the last one goes the transport that they shared
   * (RFC 9143, section 7.2): what is sent later needs a new connection.
   */
  private _retire(transceiver: RTCRtpTransceiver): void {
    if (this._isClosed) {
      return;
    }
    transceiver.stop();
    const isEmpty = this._connection
      .getTransceivers()
      .every(({ direction }) => direction === 'stopped');
    if (isEmpty && !this._isBroken) {
      this._isBroken = true;
      this._onEmpty();
    }
  }

  private _kindsByMid(): Readonly<Record<string, TrackKind>> {
    const kinds: Record<string, TrackKind> = {};
    for (const transceiver of this._connection.getTransceivers()) {
      const kind = this._kinds.get(transceiver);
      if (transceiver.mid !== null && kind !== undefined) {
        kinds[transceiver.mid] = kind;
      }
    }
    return kinds;
  }

  private _next<T>(task: () => Promise<T>): Promise<T> {
    // What a browser was asked for on a connection that closes meanwhile never ends.
    const result = this._queue.then(() =>
      this._isClosed
        ? this._closed.promise
        : Promise.race([task(), this._closed.promise])
    );
    this._queue = result.catch(() => undefined);
    return result;
  }

  private readonly _onEmpty: () => void;
  private readonly _connection: RTCPeerConnection;
  private readonly _watch: Watch;
  private readonly _kinds = new Map<RTCRtpTransceiver, TrackKind>();
  private _queue: Promise<unknown> = Promise.resolve();
  private readonly _closed = new PromiseDelegate<never>();
  private _isClosed = false;
  private _number = 0;
  private _isBroken = false;
}

interface ISourceReport {
  readonly type: string;
  readonly trackIdentifier?: string;
  readonly audioLevel?: number;
}
