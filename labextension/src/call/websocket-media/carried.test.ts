import { describe, expect, it } from 'vitest';

import { between } from '../statistics';
import { Carried } from './carried';
import { IChunk } from './chunk';

function chunk(fields: Partial<IChunk>): IChunk {
  return {
    stream: 1,
    codec: 'vp8',
    timestamp: 0,
    data: new Uint8Array(1000),
    isKey: false,
    layer: 0,
    temporalLayer: 0,
    level: 127,
    rotation: 0,
    ...fields
  };
}

const KEY = new Uint8Array([0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 0x02, 0x68, 0x01]);

describe('what a media socket carries', () => {
  it('is told as rates, with the size that key frames say', () => {
    const carried = new Carried();
    carried.add('up', '1', chunk({ data: KEY, isKey: true }));
    const before = carried.sample(0, 0.04, 0);
    for (let count = 0; count < 30; count++) {
      carried.add('up', '1', chunk({}));
      carried.add('up', '1', chunk({ layer: 1 }));
      carried.add('down', 'track', chunk({ codec: 'opus' }));
    }
    const measured = between(before, carried.sample(2000, 0.04, 1));
    expect(measured.roundTrip_ms).toBe(40);
    const [small, large, sound] = measured.rates;
    expect(small).toMatchObject({
      direction: 'up',
      codec: 'VP8',
      layer: '',
      bitrate_bps: 120_000,
      framesPerSecond: 15,
      width: 640,
      height: 360,
      loss: 0,
      limited: { bandwidth: 0.5 }
    });
    expect(large).toMatchObject({ layer: '1', width: 0 });
    expect(sound).toMatchObject({ name: 'track', isVideo: false });
  });

  it('is forgotten of a stream that has ended', () => {
    const carried = new Carried();
    carried.add('up', '1', chunk({}));
    carried.add('down', 'a', chunk({}));
    carried.add('down', 'b', chunk({}));
    carried.keep('down', new Set(['b']));
    const { streams } = carried.sample(0, null, 0);
    expect(streams.map(({ name }) => name)).toEqual(['1', 'b']);
  });
});
