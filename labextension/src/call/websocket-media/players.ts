import { Codec, IChunk } from './chunk';

const NAMES: Readonly<Record<Exclude<Codec, 'opus'>, string>> = {
  vp8: 'vp8',
  vp9: 'vp09.00.10.08',
  h264: 'avc1.42E01F',
  av1: 'av01.0.08M.08'
};
const SOUND = { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 };
const MOST_WAITING = 30;

/** The names of what this browser decodes, as signalling has them. */
export async function decodable(): Promise<Codec[]> {
  const { supported } = await AudioDecoder.isConfigSupported(SOUND);
  const codecs: Codec[] = supported ? ['opus'] : [];
  for (const name of ['vp8', 'vp9', 'h264', 'av1'] as const) {
    const support = await VideoDecoder.isConfigSupported({
      codec: NAMES[name]
    });
    if (support.supported) {
      codecs.push(name);
    }
  }
  return codecs;
}

/** Decodes what somebody says. */
export class SoundPlayer {
  constructor(private readonly _out: MessagePort) {
    this._decoder = this._open();
  }

  take(chunk: IChunk): void {
    if (this._decoder.state === 'closed') {
      this._decoder = this._open();
    }
    this._decoder.decode(
      new EncodedAudioChunk({
        type: 'key',
        timestamp: chunk.timestamp / 0.048,
        data: chunk.data
      })
    );
  }

  close(): void {
    this._out.close();
    if (this._decoder.state !== 'closed') {
      this._decoder.close();
    }
  }

  private _open(): AudioDecoder {
    const decoder = new AudioDecoder({
      output: sound => this._play(sound),
      error: error => console.warn('A sound could not be decoded', error)
    });
    decoder.configure(SOUND);
    return decoder;
  }

  private _play(sound: AudioData): void {
    const channels: Float32Array<ArrayBuffer>[] = [];
    for (let index = 0; index < sound.numberOfChannels; index++) {
      const samples = new Float32Array(sound.numberOfFrames);
      sound.copyTo(samples, { planeIndex: index, format: 'f32-planar' });
      channels.push(samples);
    }
    sound.close();
    this._out.postMessage(
      channels,
      channels.map(({ buffer }) => buffer)
    );
  }

  private _decoder: AudioDecoder;
}

/** Decodes what somebody shows. */
export class PicturePlayer {
  constructor(
    private readonly _show: (picture: VideoFrame) => void,
    private readonly _needKey: () => void
  ) {}

  take(chunk: IChunk): void {
    if (chunk.codec === 'opus') {
      return;
    }
    if (chunk.isKey) {
      this._configure(chunk.codec, chunk.rotation);
    }
    const decoder = this._decoder;
    const isBehind = (decoder?.decodeQueueSize ?? 0) > MOST_WAITING;
    if (decoder?.state !== 'configured' || isBehind) {
      this._drop();
      return;
    }
    decoder.decode(
      new EncodedVideoChunk({
        type: chunk.isKey ? 'key' : 'delta',
        timestamp: chunk.timestamp / 0.09,
        data: chunk.data
      })
    );
  }

  close(): void {
    if (this._decoder && this._decoder.state !== 'closed') {
      this._decoder.close();
    }
    this._decoder = null;
  }

  private _configure(codec: Exclude<Codec, 'opus'>, rotation: number): void {
    const name = `${codec} ${rotation}`;
    if (this._decoder?.state === 'configured' && this._name === name) {
      return;
    }
    this.close();
    this._name = name;
    this._decoder = new VideoDecoder({
      output: this._show,
      error: error => {
        console.warn('A picture could not be decoded', error);
        this._drop();
      }
    });
    // Browsers that know nothing of turning show it as it is.
    const config: VideoDecoderConfig & { rotation: number } = {
      codec: NAMES[codec],
      optimizeForLatency: true,
      rotation
    };
    this._decoder.configure(config);
  }

  /** What comes now can't be shown: begin anew. */
  private _drop(): void {
    this.close();
    this._needKey();
  }

  private _decoder: VideoDecoder | null = null;
  private _name = '';
}
