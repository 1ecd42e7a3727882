import { Backoff } from '../../connection/backoff';
import { IIncoming, ILines } from '../lines';
import { ILoss, MyMedia } from '../my-media';
import { ICaller, Right } from '../protocol';
import { Signalling } from '../signalling';
import { ISample } from '../statistics';
import { FrameOutgoing } from './frame-outgoing';
import { MediaWorker } from './media-worker';
import { FromWorker, ToWorker } from './messages';
import { decodable } from './players';
import { IPictureSink, ISoundSink, pictureSink, soundSink } from './sinks';
import { addWorklets } from './worklets';

/** The media of one session over a WebSocket, where only web traffic gets through. */
export class FrameLines implements ILines, IIncoming {
  constructor(
    private readonly _signalling: Signalling,
    private readonly _mine: MyMedia,
    private readonly _onTracks: () => void,
    private readonly _url: string
  ) {}

  readonly incoming: IIncoming = this;

  get tracks(): ReadonlyMap<string, MediaStreamTrack> {
    return this._tracks;
  }

  take(): void {
    // The server offers connections only to those who have one.
  }

  levels(): Promise<Map<string, number>> {
    return Promise.resolve(new Map(this._levels));
  }

  enter(you: ICaller): readonly ILoss[] {
    this._rights = you.rights;
    const losses = this._mine.compare(you.tracks);
    if (this._outgoing) {
      // The media socket lives on without the signalling.
      void this._mine.tellMuted();
    } else {
      this._retry(0);
    }
    return losses;
  }

  hurry(): void {
    if (!this._outgoing) {
      this._retry(0);
    }
  }

  /** What the worker counted last, with my streams by their kinds. */
  sample(): Promise<ISample | null> {
    const { _sample: sample, _outgoing: outgoing } = this;
    if (!sample || !outgoing) {
      return Promise.resolve(null);
    }
    const { kinds } = outgoing;
    const streams = sample.streams.map(stream =>
      stream.direction === 'up'
        ? { ...stream, name: kinds.get(stream.name) ?? stream.name }
        : stream
    );
    return Promise.resolve({ ...sample, streams });
  }

  retire(): void {
    this._isClosed = true;
    clearTimeout(this._timer);
    this._stopSending();
  }

  close(): void {
    if (!this._isClosed) {
      this.retire();
    }
    this._worker?.close();
    this._worker = null;
    [...this._tracks.keys()].forEach(id => this._forget(id));
    void this._playing?.close();
    void this._capturing?.close();
  }

  /** Open a media socket, and send over it all that is mine. */
  private async _open(): Promise<void> {
    await this._prepare();
    const codecs = await decodable();
    if (this._hasEnded()) {
      return; // another way was taken meanwhile
    }
    const reply = await this._signalling.ask({ type: 'use_websocket', codecs });
    const { _capturing: capturing } = this;
    if (this._isClosed || reply.type !== 'media_socket' || !capturing) {
      return;
    }
    // What comes goes on where it was, with the same worker.
    this._worker ??= new MediaWorker(
      this._url,
      message => this._hear(message),
      () => this._onBroken()
    );
    await this._worker.open(reply.key);
    this._backoff.reset();
    const { _signalling: signalling } = this;
    const outgoing = new FrameOutgoing(signalling, capturing, (...message) =>
      this._tell(...message)
    );
    this._outgoing = outgoing;
    void this._mine.begin({ outgoing, signalling }, this._rights);
  }

  private _hasEnded(): boolean {
    return this._isClosed;
  }

  private async _prepare(): Promise<void> {
    if (!this._capturing) {
      // Some browsers take a microphone only at the rate of the device.
      const [playing, capturing] = [
        new AudioContext({ sampleRate: 48_000 }),
        new AudioContext()
      ];
      await Promise.all([addWorklets(playing), addWorklets(capturing)]);
      this._playing = playing;
      this._capturing = capturing;
    }
    for (const context of [this._playing, this._capturing]) {
      void context?.resume();
    }
  }

  private _hear(message: FromWorker): void {
    switch (message.type) {
      case 'tracks':
        for (const id of [...this._tracks.keys()]) {
          if (!message.ids.includes(id)) {
            this._forget(id);
          }
        }
        this._onTracks();
        break;
      case 'begins':
        this._begin(message.id, message.kind);
        break;
      case 'picture': {
        const sink = this._pictures.get(message.id);
        if (sink) {
          sink.show(message.picture);
        } else {
          message.picture.close();
        }
        break;
      }
      case 'levels':
        this._levels = message.theirs;
        this._outgoing?.hearLevels(message.mine);
        break;
      case 'sample':
        // The worker's clock began with it.
        this._sample = { ...message.sample, at_ms: performance.now() };
        break;
    }
  }

  private _begin(id: string, kind: 'audio' | 'video'): void {
    const tracks = new Map(this._tracks);
    if (kind === 'video') {
      const sink = pictureSink();
      const { pictures } = sink;
      this._pictures.set(id, sink);
      tracks.set(id, sink.track);
      this._tell(
        { type: 'play_pictures', id, pictures },
        pictures ? [pictures] : []
      );
    } else if (this._playing) {
      const { port1, port2 } = new MessageChannel();
      const sink = soundSink(this._playing, port2);
      this._sounds.set(id, sink);
      tracks.set(id, sink.track);
      this._tell({ type: 'play_sound', id, samples: port1 }, [port1]);
    }
    this._tracks = tracks;
    this._onTracks();
  }

  private _forget(id: string): void {
    this._sounds.get(id)?.close();
    this._sounds.delete(id);
    this._pictures.delete(id);
    const tracks = new Map(this._tracks);
    tracks.get(id)?.stop();
    tracks.delete(id);
    this._tracks = tracks;
  }

  private _onBroken(): void {
    if (!this._isClosed) {
      this._stopSending();
      this._retry(this._backoff.next());
    }
  }

  private _retry(delay: number): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      // Without signalling it waits for the session to go on.
      if (this._signalling.isOpen && !this._isOpening) {
        this._isOpening = true;
        this._open()
          .catch((error: unknown) => {
            if (!this._isClosed) {
              console.warn('The way of the media could not be opened', error);
              this._retry(this._backoff.next());
            }
          })
          .finally(() => (this._isOpening = false));
      }
    }, delay);
  }

  private _stopSending(): void {
    this._outgoing?.close();
    this._outgoing = null;
    this._sample = null;
    this._levels = new Map();
    this._mine.pause();
  }

  private _tell(message: ToWorker, transfer: Transferable[] = []): void {
    this._worker?.tell(message, transfer);
  }

  private readonly _backoff = new Backoff();
  private readonly _pictures = new Map<string, IPictureSink>();
  private readonly _sounds = new Map<string, ISoundSink>();
  private _tracks: ReadonlyMap<string, MediaStreamTrack> = new Map();
  private _levels: ReadonlyMap<string, number> = new Map();
  private _rights: readonly Right[] = [];
  private _worker: MediaWorker | null = null;
  private _sample: ISample | null = null;
  private _outgoing: FrameOutgoing | null = null;
  private _playing: AudioContext | null = null;
  private _capturing: AudioContext | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isOpening = false;
  private _isClosed = false;
}
