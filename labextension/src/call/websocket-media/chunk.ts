/** One encoded frame on the media socket, as docs/calls-media-socket.md has it. */

export const HEADER_BYTES = 8;
export const SILENCE = 127;

/** By the number that the header has. */
export const CODECS = [null, 'opus', 'vp8', 'vp9', 'h264', 'av1'] as const;
export type Codec = NonNullable<(typeof CODECS)[number]>;

export interface IChunk {
  readonly stream: number;
  readonly codec: Codec;
  /** 1/48000 s for sound, 1/90000 s for pictures, modulo 2^32. */
  readonly timestamp: number;
  readonly data: Uint8Array;
  readonly isKey: boolean;
  /** The simulcast layer, 0 the smallest. */
  readonly layer: number;
  readonly temporalLayer: number;
  /** In -dBov: 0 the loudest, 127 silence. */
  readonly level: number;
  /** By how many degrees a picture is turned clockwise to be upright. */
  readonly rotation: number;
}

export function writeChunk(chunk: IChunk): ArrayBuffer {
  const buffer = new ArrayBuffer(HEADER_BYTES + chunk.data.byteLength);
  const view = new DataView(buffer);
  view.setUint8(0, chunk.stream);
  view.setUint8(
    1,
    Number(chunk.isKey) |
      (chunk.layer << 1) |
      (chunk.temporalLayer << 3) |
      ((chunk.rotation / 90) << 5)
  );
  view.setUint8(2, CODECS.indexOf(chunk.codec));
  view.setUint8(3, chunk.level);
  view.setUint32(4, chunk.timestamp >>> 0);
  new Uint8Array(buffer).set(chunk.data, HEADER_BYTES);
  return buffer;
}

/** Null for what isn't a frame that is known here. */
export function readChunk(buffer: ArrayBuffer): IChunk | null {
  if (buffer.byteLength <= HEADER_BYTES) {
    return null;
  }
  const view = new DataView(buffer);
  const flags = view.getUint8(1);
  const codec = CODECS[view.getUint8(2)];
  if (!codec) {
    return null;
  }
  return {
    stream: view.getUint8(0),
    codec,
    timestamp: view.getUint32(4),
    data: new Uint8Array(buffer, HEADER_BYTES),
    isKey: (flags & 1) !== 0,
    layer: (flags >> 1) & 3,
    temporalLayer: (flags >> 3) & 3,
    level: view.getUint8(3),
    rotation: ((flags >> 5) & 3) * 90
  };
}

/** How loud samples are, in -dBov (RFC 6464). */
export function levelOf(samples: Float32Array): number {
  let energy = 0;
  for (const sample of samples) {
    energy += sample * sample;
  }
  const root = Math.sqrt(energy / Math.max(1, samples.length));
  const decibels = root > 0 ? -20 * Math.log10(root) : SILENCE;
  return Math.max(0, Math.min(SILENCE, Math.round(decibels)));
}

/** The same from 0 to 1, as browsers tell it elsewhere. */
export function loudnessOf(level: number): number {
  return level >= SILENCE ? 0 : 10 ** (-level / 20);
}
