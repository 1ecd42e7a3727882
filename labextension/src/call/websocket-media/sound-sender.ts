import { IChunk, levelOf, SILENCE } from './chunk';

const BITRATE_BPS = 32_000;
const TICKS_PER_US = 0.048;
/** Sound that is this far from the clock is counted anew: a device slept, or was changed. */
const MOST_DRIFT_US = 200_000;

/** Encodes a microphone, or the sound of a screen. */
export class SoundSender {
  constructor(
    private readonly _stream: number,
    private readonly _samples: MessagePort,
    private readonly _sampleRate: number,
    private readonly _now_us: () => number,
    private readonly _send: (chunk: IChunk) => void
  ) {
    this._encoder = new AudioEncoder({
      output: chunk => this._take(chunk),
      error: error => console.warn('Sound could not be encoded', error)
    });
    this._encoder.configure({
      codec: 'opus',
      sampleRate: _sampleRate,
      numberOfChannels: 1,
      bitrate: BITRATE_BPS
    });
    _samples.onmessage = ({ data }: MessageEvent<Float32Array<ArrayBuffer>>) =>
      this._encode(data);
  }

  /** In -dBov. */
  level = SILENCE;

  close(): void {
    this._samples.close();
    if (this._encoder.state !== 'closed') {
      this._encoder.close();
    }
  }

  private _encode(data: Float32Array<ArrayBuffer>): void {
    if (this._encoder.state !== 'configured') {
      return;
    }
    const now = this._now_us();
    if (Math.abs(now - this._next_us) > MOST_DRIFT_US) {
      this._next_us = now;
    }
    this.level = levelOf(data);
    const sound = new AudioData({
      format: 'f32-planar',
      sampleRate: this._sampleRate,
      numberOfFrames: data.length,
      numberOfChannels: 1,
      timestamp: Math.round(this._next_us),
      data
    });
    this._next_us += (data.length / this._sampleRate) * 1e6;
    this._encoder.encode(sound);
    sound.close();
  }

  private _take(chunk: EncodedAudioChunk): void {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    this._send({
      stream: this._stream,
      codec: 'opus',
      timestamp: Math.round(chunk.timestamp * TICKS_PER_US),
      data,
      isKey: false,
      layer: 0,
      temporalLayer: 0,
      level: this.level,
      rotation: 0
    });
  }

  private readonly _encoder: AudioEncoder;
  private _next_us = -Infinity;
}
