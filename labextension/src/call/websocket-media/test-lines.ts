import { Signalling } from '../signalling';
import { ISample } from '../statistics';
import { FrameOutgoing } from './frame-outgoing';
import { MediaWorker } from './media-worker';
import { decodable } from './players';

const NOTHING: ISample = {
  at_ms: 0,
  roundTrip_s: null,
  available_bps: null,
  streams: []
};

/** Sends a picture to the server and back over two media sockets, and counts it. */
export class TestLines {
  constructor(private readonly _url: string) {}

  /** Send a track from here to there. */
  async begin(
    here: Signalling,
    there: Signalling,
    track: MediaStreamTrack
  ): Promise<void> {
    await this._open(there, sample => (this._down = sample));
    const worker = await this._open(here, sample => (this._up = sample));
    this._outgoing = new FrameOutgoing(here, this._context, (...message) =>
      worker.tell(...message)
    );
    await this._outgoing.send([{ kind: 'camera', track, id: null }]);
  }

  sample(): ISample {
    return {
      ...this._up,
      at_ms: performance.now(),
      streams: [...this._up.streams, ...this._down.streams]
    };
  }

  close(): void {
    this._outgoing?.close();
    this._workers.forEach(worker => worker.close());
    void this._context.close();
  }

  private async _open(
    signalling: Signalling,
    take: (sample: ISample) => void
  ): Promise<MediaWorker> {
    const codecs = await decodable();
    const reply = await signalling.ask({ type: 'use_websocket', codecs });
    if (reply.type !== 'media_socket') {
      throw new Error('The server gave no media socket');
    }
    const worker = new MediaWorker(
      this._url,
      message => {
        if (message.type === 'sample') {
          take(message.sample);
        }
      },
      () => undefined
    );
    this._workers.push(worker);
    await worker.open(reply.key);
    return worker;
  }

  private readonly _context = new AudioContext();
  private readonly _workers: MediaWorker[] = [];
  private _outgoing: FrameOutgoing | null = null;
  private _up = NOTHING;
  private _down = NOTHING;
}
