import { IChunk, SILENCE } from './chunk';
import { Sight } from './messages';

interface ILayer {
  /** The longest side. */
  readonly size: number;
  readonly bitrate: number;
  readonly framerate: number;
  /** Below this share of the usual bitrate it isn't worth sending. */
  readonly least: number;
}

/** The smallest first; one that is as large as the picture itself ends the list. */
const LAYERS: Readonly<Record<Sight, readonly ILayer[]>> = {
  camera: [
    { size: 320, bitrate: 150_000, framerate: 15, least: 0 },
    { size: 640, bitrate: 500_000, framerate: 24, least: 0.5 }
  ],
  screen: [{ size: 1920, bitrate: 1_500_000, framerate: 10, least: 0 }]
};
const TICKS_PER_US = 0.09;

/** TypeScript's library doesn't know of temporal layers yet. */
interface IMetadata extends EncodedVideoChunkMetadata {
  readonly svc?: { readonly temporalLayerId?: number };
}

const MOST_WAITING = 2;

/** Encodes a camera or a screen, in one or two sizes. */
export class PictureSender {
  constructor(
    stream: number,
    sight: Sight,
    private readonly _now_us: () => number,
    send: (chunk: IChunk) => void
  ) {
    this._layers = LAYERS[sight].map(
      (layer, number) => new LayerEncoder(stream, number, layer, send)
    );
  }

  /** Take pictures from a stream until it ends. */
  async read(pictures: ReadableStream<VideoFrame>): Promise<void> {
    const reader = pictures.getReader();
    this._reader = reader;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        return;
      }
      this.take(value);
    }
  }

  /** Encode a picture, and let go of it. */
  take(picture: VideoFrame): void {
    if (!this._isStuck) {
      const now = this._now_us();
      this._layers.forEach(layer => layer.encode(picture, now));
    }
    picture.close();
  }

  /** Have a layer begin anew. */
  wantKey(layer: number): void {
    this._layers.at(layer)?.wantKey();
  }

  /** Encode with a share of the usual bitrate; nothing at all for now when the line is stuck. */
  adapt(share: number, isStuck: boolean): void {
    this._isStuck = isStuck;
    this._layers.forEach(layer => layer.adapt(share));
  }

  close(): void {
    void this._reader?.cancel();
    this._layers.forEach(layer => layer.close());
  }

  private readonly _layers: readonly LayerEncoder[];
  private _reader: ReadableStreamDefaultReader<VideoFrame> | null = null;
  private _isStuck = false;
}

class LayerEncoder {
  constructor(
    private readonly _stream: number,
    private readonly _number: number,
    private readonly _layer: ILayer,
    private readonly _send: (chunk: IChunk) => void
  ) {}

  encode(picture: VideoFrame, now_us: number): void {
    const { size, framerate, least } = this._layer;
    const rate = this._share < 0.5 ? framerate / 2 : framerate;
    // A little early is as good: cameras aren't exact.
    if (now_us - this._last_us < 0.8e6 / rate || this._share < least) {
      return;
    }
    const scale = Math.min(
      1,
      size / Math.max(picture.displayWidth, picture.displayHeight)
    );
    const width = even(picture.displayWidth * scale);
    const height = even(picture.displayHeight * scale);
    const encoder = this._encoderOf(width, height);
    if (encoder.encodeQueueSize >= MOST_WAITING) {
      return;
    }
    this._last_us = now_us;
    const scaled = this._scale(picture, width, height, now_us);
    encoder.encode(scaled, { keyFrame: this._isKeyWanted });
    this._isKeyWanted = false;
    scaled.close();
  }

  wantKey(): void {
    this._isKeyWanted = true;
  }

  adapt(share: number): void {
    if (share !== this._share) {
      this._share = share;
      this._configure();
    }
  }

  close(): void {
    if (this._encoder && this._encoder.state !== 'closed') {
      this._encoder.close();
    }
    this._encoder = null;
  }

  private _encoderOf(width: number, height: number): VideoEncoder {
    if (!this._encoder || this._encoder.state === 'closed') {
      this._encoder = new VideoEncoder({
        output: (chunk, metadata) => this._take(chunk, metadata),
        error: error => console.warn('A picture could not be encoded', error)
      });
      this._width = 0;
    }
    if (width !== this._width || height !== this._height) {
      this._width = width;
      this._height = height;
      this._canvas = new OffscreenCanvas(width, height);
      this._isKeyWanted = true;
      this._configure();
    }
    return this._encoder;
  }

  private _configure(): void {
    if (this._encoder && this._width > 0) {
      const { bitrate, framerate } = this._layer;
      this._encoder.configure({
        codec: 'vp8',
        width: this._width,
        height: this._height,
        bitrate: Math.round(bitrate * this._share),
        framerate,
        latencyMode: 'realtime',
        scalabilityMode: 'L1T2'
      });
    }
  }

  private _scale(
    picture: VideoFrame,
    width: number,
    height: number,
    timestamp: number
  ): VideoFrame {
    const context = this._canvas?.getContext('2d', { alpha: false });
    if (!this._canvas || !context) {
      return new VideoFrame(picture, { timestamp });
    }
    context.drawImage(picture, 0, 0, width, height);
    return new VideoFrame(this._canvas, { timestamp });
  }

  private _take(
    chunk: EncodedVideoChunk,
    metadata: IMetadata | undefined
  ): void {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    this._send({
      stream: this._stream,
      codec: 'vp8',
      timestamp: Math.round(chunk.timestamp * TICKS_PER_US),
      data,
      isKey: chunk.type === 'key',
      layer: this._number,
      temporalLayer: metadata?.svc?.temporalLayerId ?? 0,
      level: SILENCE,
      rotation: 0
    });
  }

  private _encoder: VideoEncoder | null = null;
  private _canvas: OffscreenCanvas | null = null;
  private _width = 0;
  private _height = 0;
  private _share = 1;
  private _last_us = -Infinity;
  private _isKeyWanted = true;
}

function even(length: number): number {
  return Math.max(2, 2 * Math.round(length / 2));
}
