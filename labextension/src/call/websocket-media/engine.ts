import { IChunk, loudnessOf, readChunk, writeChunk } from './chunk';
import { Carried } from './carried';
import { FromWorker, ToWorker } from './messages';
import { PictureSender } from './picture-sender';
import { PicturePlayer, SoundPlayer } from './players';
import { SendRate } from './send-rate';
import { SoundSender } from './sound-sender';

const TICK_MS = 100;
const JUDGE_EVERY = 5;
const SAMPLE_EVERY = 10;
const ASK_AGAIN_MS = 2000;
/** Sound that is older than this is silence. */
const HEARD_MS = 300;
/** What waits for its player before it is known where to play it. */
const MOST_EARLY = 60;

interface IComing {
  readonly id: string;
  hasBegun: boolean;
  player: SoundPlayer | PicturePlayer | null;
  /** What came before there was a player. */
  early: IChunk[];
  level: number;
  heardAt: number;
  askedAt: number;
}

type Tell = (message: FromWorker, transfer?: Transferable[]) => void;

/** Everything between the media socket and pictures and samples; it lives in a worker. */
export class Engine {
  constructor(private readonly _tell: Tell) {}

  hear(message: ToWorker): void {
    switch (message.type) {
      case 'open':
        this._open(message.url, message.key);
        break;
      case 'send_sound':
        this._sounds.set(
          message.stream,
          new SoundSender(
            message.stream,
            message.samples,
            message.sampleRate,
            now_us,
            chunk => this._send(chunk)
          )
        );
        break;
      case 'send_pictures':
        this._sendPictures(message);
        break;
      case 'picture': {
        const sender = this._pictures.get(message.stream);
        if (sender) {
          sender.take(message.picture);
        } else {
          message.picture.close();
        }
        break;
      }
      case 'stop':
        this._sounds.get(message.stream)?.close();
        this._sounds.delete(message.stream);
        this._pictures.get(message.stream)?.close();
        this._pictures.delete(message.stream);
        break;
      case 'play_sound':
        this._play(message.id, new SoundPlayer(message.samples));
        break;
      case 'play_pictures':
        this._playPictures(message.id, message.pictures);
        break;
    }
  }

  private _open(url: string, key: string): void {
    this._hangUp();
    const socket = new WebSocket(url);
    this._opening = socket;
    this._received = this._told = 0;
    this._rate = new SendRate();
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: 'open', key }));
      this._socket = socket;
      this._tell({ type: 'opened' });
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') {
        this._hearServer(data);
      } else {
        this._received += data.byteLength;
        this._take(data);
      }
    };
    socket.onclose = () => {
      this._hangUp();
      this._tell({ type: 'closed' });
    };
    this._timer = setInterval(() => this._tick(), TICK_MS);
  }

  /** Let go of a socket. What comes goes on with the next, where the server calls it the same. */
  private _hangUp(): void {
    clearInterval(this._timer);
    if (this._opening) {
      this._opening.onopen = this._opening.onmessage = null;
      this._opening.onclose = null;
      this._opening.close();
    }
    this._socket = this._opening = null;
  }

  // --- what comes ---

  private _hearServer(text: string): void {
    const message = JSON.parse(text) as ServerWord;
    switch (message.type) {
      case 'streams':
        this._follow(message.tracks);
        break;
      case 'received':
        this._rate.received(message.bytes, performance.now());
        break;
      case 'keyframe':
        this._pictures.get(message.stream)?.wantKey(message.layer);
        break;
    }
  }

  private _follow(tracks: Readonly<Record<string, string>>): void {
    const before = new Map([...this._coming.values()].map(c => [c.id, c]));
    this._coming.clear();
    for (const [number, id] of Object.entries(tracks)) {
      this._coming.set(
        Number(number),
        before.get(id) ?? {
          id,
          hasBegun: false,
          player: null,
          early: [],
          level: 127,
          heardAt: 0,
          askedAt: 0
        }
      );
      before.delete(id);
    }
    before.forEach(({ player }) => player?.close());
    const ids = Object.values(tracks);
    this._carried.keep('down', new Set(ids));
    this._tell({ type: 'tracks', ids });
  }

  private _take(data: ArrayBuffer): void {
    const chunk = readChunk(data);
    const coming = chunk && this._coming.get(chunk.stream);
    if (!coming) {
      return;
    }
    this._carried.add('down', coming.id, chunk);
    const isSound = chunk.codec === 'opus';
    if (isSound) {
      coming.level = chunk.level;
      coming.heardAt = performance.now();
    }
    if (!coming.hasBegun) {
      coming.hasBegun = true;
      const kind = isSound ? 'audio' : 'video';
      this._tell({ type: 'begins', id: coming.id, kind });
    }
    if (coming.player) {
      coming.player.take(chunk);
    } else if (coming.early.length < MOST_EARLY) {
      coming.early.push(chunk);
    }
  }

  private _play(id: string, player: SoundPlayer | PicturePlayer): void {
    const coming = [...this._coming.values()].find(each => each.id === id);
    if (!coming) {
      player.close();
      return;
    }
    coming.player = player;
    coming.early.forEach(chunk => player.take(chunk));
    coming.early = [];
  }

  private _playPictures(
    id: string,
    pictures: WritableStream<VideoFrame> | null
  ): void {
    const writer = pictures?.getWriter();
    const show = (picture: VideoFrame): void => {
      if (!writer) {
        this._tell({ type: 'picture', id, picture }, [picture]);
      } else if ((writer.desiredSize ?? 0) > 0) {
        // The stream is closed when nobody looks any more.
        writer.write(picture).catch(() => picture.close());
      } else {
        picture.close();
      }
    };
    this._play(id, new PicturePlayer(show, () => this._needKey(id)));
  }

  private _needKey(id: string): void {
    const now = performance.now();
    for (const [stream, coming] of this._coming) {
      if (coming.id === id && now - coming.askedAt > ASK_AGAIN_MS) {
        coming.askedAt = now;
        this._say({ type: 'need_keyframe', stream });
      }
    }
  }

  // --- what goes ---

  private _sendPictures(
    message: Extract<ToWorker, { type: 'send_pictures' }>
  ): void {
    const { stream, sight, pictures } = message;
    const sender = new PictureSender(stream, sight, now_us, chunk =>
      this._send(chunk)
    );
    sender.adapt(this._rate.share, this._rate.isStuck);
    this._pictures.set(stream, sender);
    if (pictures) {
      void sender.read(pictures);
    }
  }

  private _send(chunk: IChunk): void {
    if (this._socket?.readyState === WebSocket.OPEN) {
      const message = writeChunk(chunk);
      this._rate.sent(message.byteLength, performance.now());
      this._carried.add('up', String(chunk.stream), chunk);
      this._socket.send(message);
    }
  }

  private _say(message: object): void {
    if (this._socket?.readyState === WebSocket.OPEN) {
      this._socket.send(JSON.stringify(message));
    }
  }

  private _tick(): void {
    if (this._received !== this._told) {
      this._told = this._received;
      this._say({ type: 'received', bytes: this._received });
    }
    this._ticks++;
    if (this._ticks % 2 === 0) {
      this._tellLevels();
    }
    if (this._ticks % JUDGE_EVERY === 0) {
      this._rate.judge(performance.now());
      if (this._rate.share < 1) {
        this._limited_s += (TICK_MS * JUDGE_EVERY) / 1000;
      }
      this._pictures.forEach(sender =>
        sender.adapt(this._rate.share, this._rate.isStuck)
      );
    }
    if (this._ticks % SAMPLE_EVERY === 0) {
      this._tellSample();
    }
  }

  private _tellSample(): void {
    const sending = [...this._sounds.keys(), ...this._pictures.keys()];
    this._carried.keep('up', new Set(sending.map(String)));
    const { roundTrip } = this._rate;
    const sample = this._carried.sample(
      performance.now(),
      roundTrip === null ? null : roundTrip / 1000,
      this._limited_s
    );
    this._tell({ type: 'sample', sample });
  }

  private _tellLevels(): void {
    const now = performance.now();
    const theirs = new Map<string, number>();
    for (const { id, level, heardAt } of this._coming.values()) {
      if (heardAt > 0) {
        theirs.set(id, now - heardAt < HEARD_MS ? loudnessOf(level) : 0);
      }
    }
    const mine = new Map(
      [...this._sounds].map(([stream, { level }]) => [
        stream,
        loudnessOf(level)
      ])
    );
    this._tell({ type: 'levels', theirs, mine });
  }

  private readonly _carried = new Carried();
  private _rate = new SendRate();
  private readonly _coming = new Map<number, IComing>();
  private readonly _sounds = new Map<number, SoundSender>();
  private readonly _pictures = new Map<number, PictureSender>();
  private _socket: WebSocket | null = null;
  /** The same, and before it is open. */
  private _opening: WebSocket | null = null;
  private _timer: ReturnType<typeof setInterval> | undefined;
  private _received = 0;
  private _told = 0;
  private _ticks = 0;
  private _limited_s = 0;
}

type ServerWord =
  | {
      readonly type: 'streams';
      readonly tracks: Readonly<Record<string, string>>;
    }
  | { readonly type: 'received'; readonly bytes: number }
  | {
      readonly type: 'keyframe';
      readonly stream: number;
      readonly layer: number;
    };

/** All of a browser's timestamps count from when its worker began. */
function now_us(): number {
  return performance.now() * 1000;
}
