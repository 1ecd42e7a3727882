import { Direction, ISample, IStream } from '../statistics';
import { IChunk } from './chunk';

/** Counts what a media socket carries: browsers count what goes by WebRTC only. */
export class Carried {
  /** Count a frame; `name` is its stream's, and the same as long as that lives. */
  add(direction: Direction, name: string, chunk: IChunk): void {
    const layer = direction === 'up' && chunk.layer > 0 ? chunk.layer : 0;
    const key = `${direction} ${name} ${layer}`;
    const before = this._streams.get(key);
    const size = sizeOf(chunk) ?? before ?? NO_SIZE;
    this._streams.set(key, {
      key,
      direction,
      name,
      isVideo: chunk.codec !== 'opus',
      codec: chunk.codec === 'opus' ? 'opus' : chunk.codec.toUpperCase(),
      layer: layer > 0 ? String(layer) : '',
      bytes: (before?.bytes ?? 0) + chunk.data.byteLength,
      packets: (before?.packets ?? 0) + 1,
      // A WebSocket loses nothing; what is late shows as a slow line.
      lost: 0,
      frames: (before?.frames ?? 0) + 1,
      width: size.width,
      height: size.height,
      jitter_s: 0,
      limited_s: {}
    });
  }

  /** Forget the streams of a direction but these. */
  keep(direction: Direction, names: ReadonlySet<string>): void {
    for (const [key, stream] of this._streams) {
      if (stream.direction === direction && !names.has(stream.name)) {
        this._streams.delete(key);
      }
    }
  }

  /** All counters now; `limited_s` is for how long a slow line held pictures back. */
  sample(
    at_ms: number,
    roundTrip_s: number | null,
    limited_s: number
  ): ISample {
    const streams = [...this._streams.values()].map(stream =>
      stream.direction === 'up' && stream.isVideo
        ? { ...stream, limited_s: { bandwidth: limited_s } }
        : stream
    );
    return { at_ms, roundTrip_s, available_bps: null, streams };
  }

  private readonly _streams = new Map<string, IStream>();
}

const NO_SIZE = { width: 0, height: 0 };

/** Key frames of VP8 say how large they are (RFC 6386, section 9.1). */
function sizeOf({
  codec,
  isKey,
  data
}: IChunk): { width: number; height: number } | null {
  if (codec !== 'vp8' || !isKey || data.byteLength < 10) {
    return null;
  }
  return {
    width: data[6] | ((data[7] & 0x3f) << 8),
    height: data[8] | ((data[9] & 0x3f) << 8)
  };
}
