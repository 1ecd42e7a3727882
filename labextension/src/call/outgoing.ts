import { TrackKind } from './protocol';
import { Signalling } from './signalling';

/** The smallest first: the server forwards the one that a viewer has room for. */
const CAMERA_LAYERS: RTCRtpEncodingParameters[] = [
  { rid: 'q', scaleResolutionDownBy: 4 },
  { rid: 'h', scaleResolutionDownBy: 2 },
  { rid: 'f' }
];

/** A track that the server takes. */
export interface ISent {
  readonly id: string;
  readonly transceiver: RTCRtpTransceiver;
}

/** The connection that carries what I send. Every change waits for the one before. */
export class Outgoing {
  constructor(
    private readonly _signalling: Signalling,
    onFailed: () => void
  ) {
    this._connection.onconnectionstatechange = () => {
      if (this._connection.connectionState === 'failed') {
        onFailed();
      }
    };
  }

  /** Send tracks; rejects with CallError, and sends none of them, when the server takes them not. */
  send(
    tracks: readonly (readonly [TrackKind, MediaStreamTrack])[]
  ): Promise<ISent[]> {
    return this._next(async () => {
      const added = tracks.map(([kind, track]) => {
        const transceiver = this._connection.addTransceiver(track, {
          direction: 'sendonly',
          sendEncodings: kind === 'camera' ? CAMERA_LAYERS : undefined
        });
        this._kinds.set(transceiver, kind);
        return transceiver;
      });
      try {
        const ids = await this._offer();
        return added.map(transceiver => ({
          id: ids[transceiver.mid ?? ''],
          transceiver
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
      tracks.forEach(({ transceiver }) => transceiver.stop());
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

  close(): void {
    this._connection.onconnectionstatechange = null;
    this._connection.close();
  }

  private async _offer(): Promise<Readonly<Record<string, string>>> {
    const connection = this._connection;
    await connection.setLocalDescription();
    const kinds: Record<string, TrackKind> = {};
    for (const transceiver of connection.getTransceivers()) {
      const kind = this._kinds.get(transceiver);
      if (transceiver.mid !== null && kind !== undefined) {
        kinds[transceiver.mid] = kind;
      }
    }
    try {
      const reply = await this._signalling.ask({
        type: 'publish',
        sdp: connection.localDescription?.sdp ?? '',
        tracks: kinds
      });
      if (reply.type !== 'published') {
        return {};
      }
      await connection.setRemoteDescription({ type: 'answer', sdp: reply.sdp });
      return reply.tracks;
    } catch (error) {
      if (connection.signalingState === 'have-local-offer') {
        await connection.setLocalDescription({ type: 'rollback' });
      }
      throw error;
    }
  }

  private _next<T>(task: () => Promise<T>): Promise<T> {
    const result = this._queue.then(task);
    this._queue = result.catch(() => undefined);
    return result;
  }

  private readonly _connection = new RTCPeerConnection();
  private readonly _kinds = new Map<RTCRtpTransceiver, TrackKind>();
  private _queue: Promise<unknown> = Promise.resolve();
}

interface ISourceReport {
  readonly type: string;
  readonly trackIdentifier?: string;
  readonly audioLevel?: number;
}
