import { describe, expect, it } from 'vitest';

import {
  CODECS,
  IChunk,
  levelOf,
  loudnessOf,
  readChunk,
  SILENCE,
  writeChunk
} from './chunk';

const KEY: IChunk = {
  stream: 7,
  codec: 'vp8',
  timestamp: 0x01020304,
  data: new Uint8Array([0xaa]),
  isKey: true,
  layer: 1,
  temporalLayer: 0,
  level: SILENCE,
  rotation: 90
};

describe('a frame on the media socket', () => {
  it('looks as the docs say, and as the server writes it', () => {
    expect([...new Uint8Array(writeChunk(KEY))]).toEqual([
      7, 0x23, 2, 127, 1, 2, 3, 4, 0xaa
    ]);
  });

  it('is read as it was written', () => {
    for (const codec of CODECS) {
      if (codec) {
        const chunk = {
          ...KEY,
          codec,
          temporalLayer: 2,
          timestamp: 2 ** 32 - 1
        };
        expect(readChunk(writeChunk(chunk))).toEqual(chunk);
      }
    }
  });

  it('goes on counting when its timestamp is full', () => {
    const chunk = readChunk(writeChunk({ ...KEY, timestamp: 2 ** 32 + 5 }));
    expect(chunk?.timestamp).toBe(5);
  });

  it('is nothing when it has no data or an unknown codec', () => {
    expect(readChunk(new ArrayBuffer(8))).toBeNull();
    expect(
      readChunk(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 1]).buffer)
    ).toBeNull();
    expect(
      readChunk(new Uint8Array([1, 0, 9, 0, 0, 0, 0, 0, 1]).buffer)
    ).toBeNull();
  });
});

describe('loudness', () => {
  it('is told in decibels and heard from 0 to 1', () => {
    expect(levelOf(new Float32Array(100))).toBe(SILENCE);
    expect(levelOf(new Float32Array(100).fill(1))).toBe(0);
    expect(levelOf(new Float32Array(100).fill(0.1))).toBe(20);
    expect(loudnessOf(20)).toBeCloseTo(0.1);
    expect(loudnessOf(SILENCE)).toBe(0);
  });
});
