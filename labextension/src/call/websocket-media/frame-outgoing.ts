import { IOutgoing, ISending, ISent } from '../lines';
import { TrackKind } from '../protocol';
import { Signalling } from '../signalling';
import { ToWorker } from './messages';
import { captureSound, picturesOf, watchPictures } from './sources';

type Tell = (message: ToWorker, transfer?: Transferable[]) => void;

interface IStream {
  readonly kind: TrackKind;
  readonly number: number;
  track: MediaStreamTrack;
  /** Ends what is taken from the track. */
  release: () => void;
}

/** What I send over the media socket. Every change waits for the one before. */
export class FrameOutgoing implements IOutgoing {
  constructor(
    private readonly _signalling: Signalling,
    private readonly _context: AudioContext,
    private readonly _tell: Tell
  ) {}

  send(tracks: readonly ISending[]): Promise<ISent[]> {
    return this._next(async () => {
      const goes_on: Record<string, string> = {};
      const added = tracks.map(({ kind, track, id }): IStream => {
        const number = this._made++ % 256;
        if (id !== null) {
          goes_on[number] = id;
        }
        return { kind, track, number, release: () => undefined };
      });
      added.forEach(stream => this._streams.set(stream.number, stream));
      let ids: Readonly<Record<string, string>>;
      try {
        ids = await this._announce(goes_on);
      } catch (error) {
        added.forEach(({ number }) => this._streams.delete(number));
        throw error;
      }
      added.forEach(stream => this._start(stream));
      return added.map(stream => ({
        id: ids[stream.number],
        stop: () => this._stop(stream),
        replace: track => this._replace(stream, track)
      }));
    });
  }

  end(): Promise<void> {
    // What has stopped isn't announced any more.
    return this._next(async () => {
      await this._announce();
    });
  }

  level(track: MediaStreamTrack): Promise<number | null> {
    for (const stream of this._streams.values()) {
      if (stream.track === track) {
        return Promise.resolve(this._levels.get(stream.number) ?? null);
      }
    }
    return Promise.resolve(null);
  }

  /** What the streams of a number show. */
  get kinds(): ReadonlyMap<string, TrackKind> {
    return new Map(
      [...this._streams.values()].map(({ number, kind }) => [
        String(number),
        kind
      ])
    );
  }

  /** Take how loud my streams are. */
  hearLevels(levels: ReadonlyMap<number, number>): void {
    this._levels = levels;
  }

  close(): void {
    this._streams.forEach(stream => this._release(stream));
    this._streams.clear();
  }

  private async _announce(
    goes_on: Readonly<Record<string, string>> = {}
  ): Promise<Readonly<Record<string, string>>> {
    const tracks: Record<string, TrackKind> = {};
    this._streams.forEach(({ kind, number }) => (tracks[number] = kind));
    const reply = await this._signalling.ask({
      type: 'publish_frames',
      tracks,
      goes_on
    });
    return reply.type === 'frames_published' ? reply.tracks : {};
  }

  private _start(stream: IStream): void {
    const { track, number, kind } = stream;
    if (track.kind === 'audio') {
      const { port1, port2 } = new MessageChannel();
      this._tell(
        {
          type: 'send_sound',
          stream: number,
          samples: port1,
          sampleRate: this._context.sampleRate
        },
        [port1]
      );
      stream.release = captureSound(this._context, track, port2);
      return;
    }
    const pictures = picturesOf(track);
    this._tell(
      {
        type: 'send_pictures',
        stream: number,
        sight: kind === 'screen' ? 'screen' : 'camera',
        pictures
      },
      pictures ? [pictures] : []
    );
    stream.release = pictures
      ? () => undefined
      : watchPictures(track, picture =>
          this._tell({ type: 'picture', stream: number, picture }, [picture])
        );
  }

  private _release(stream: IStream): void {
    stream.release();
    stream.release = () => undefined;
    this._tell({ type: 'stop', stream: stream.number });
  }

  private _stop(stream: IStream): void {
    if (this._streams.delete(stream.number)) {
      this._release(stream);
    }
  }

  private _replace(
    stream: IStream,
    track: MediaStreamTrack | null
  ): Promise<void> {
    if (this._streams.has(stream.number)) {
      this._release(stream);
      if (track) {
        stream.track = track;
        this._start(stream);
      }
    }
    return Promise.resolve();
  }

  private _next<T>(task: () => Promise<T>): Promise<T> {
    const result = this._queue.then(task);
    this._queue = result.catch(() => undefined);
    return result;
  }

  private readonly _streams = new Map<number, IStream>();
  private _levels: ReadonlyMap<number, number> = new Map();
  private _queue: Promise<unknown> = Promise.resolve();
  private _made = 0;
}
