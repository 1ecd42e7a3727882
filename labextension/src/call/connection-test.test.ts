import { describe, expect, it } from 'vitest';

import { outcomeOf } from './connection-test';
import { ISample, IStream } from './statistics';

function stream(
  direction: 'up' | 'down',
  bytes: number,
  lost: number
): IStream {
  return {
    key: direction,
    direction,
    name: 'camera',
    isVideo: true,
    codec: 'VP8',
    layer: '',
    bytes,
    packets: bytes / 1000,
    lost,
    frames: 0,
    width: 640,
    height: 360,
    jitter_s: 0,
    limited_s: {}
  };
}

function sample(at_s: number, available_bps: number | null, lost = 0): ISample {
  return {
    at_ms: at_s * 1000,
    roundTrip_s: 0.03,
    available_bps,
    streams: [
      stream('up', at_s * 100_000, lost),
      stream('down', at_s * 50_000, 0)
    ]
  };
}

describe('the test of a connection', () => {
  it('tells how fast a good one is', () => {
    expect(outcomeOf('udp', sample(2, 500_000), sample(6, 1_500_000))).toEqual({
      type: 'reached',
      way: 'udp',
      quality: 'good',
      faults: [],
      roundTrip_ms: 30,
      up_bps: 1_500_000,
      down_bps: 400_000
    });
  });

  it('tells what was sent where the browser does not know more', () => {
    const outcome = outcomeOf('udp', sample(2, null), sample(6, null));
    expect(outcome).toMatchObject({ up_bps: 800_000 });
  });

  it('tells what is wrong', () => {
    const outcome = outcomeOf('udp', sample(2, null), sample(6, null, 100));
    expect(outcome).toMatchObject({
      quality: 'bad',
      faults: [{ type: 'loss_up', share: 0.25 }]
    });
  });
});
