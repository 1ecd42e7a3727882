import { describe, expect, it } from 'vitest';

import { Fault, judge, Quality, QualityWatch } from './quality';
import { Direction, ISample, IStream } from './statistics';

interface IChange {
  readonly roundTrip_s?: number;
  readonly available_bps?: number;
  readonly up?: Partial<IStream>;
  readonly down?: Partial<IStream>;
}

function stream(direction: Direction, change: Partial<IStream> = {}): IStream {
  return {
    key: direction,
    direction,
    name: 'camera',
    isVideo: true,
    codec: 'VP8',
    layer: '',
    bytes: 0,
    packets: 0,
    lost: 0,
    frames: 0,
    width: 640,
    height: 360,
    jitter_s: 0,
    limited_s: {},
    ...change
  };
}

function sample(at_s: number, change: IChange = {}): ISample {
  return {
    at_ms: at_s * 1000,
    roundTrip_s: change.roundTrip_s ?? 0.02,
    available_bps: change.available_bps ?? 2_000_000,
    streams: [
      stream('up', { packets: at_s * 100, ...change.up }),
      stream('down', { packets: at_s * 100, ...change.down })
    ]
  };
}

const BEGIN = sample(0);

describe('the quality of a connection', () => {
  it.each<[string, IChange, Quality, Fault['type'][]]>([
    ['nothing is wrong', {}, 'good', []],
    ['little is lost', { up: { lost: 20 } }, 'good', []],
    ['some of what I send is lost', { up: { lost: 50 } }, 'weak', ['loss_up']],
    [
      'much of what I get is lost',
      { down: { lost: 200 } },
      'bad',
      ['loss_down']
    ],
    ['answers are slow', { roundTrip_s: 0.5 }, 'weak', ['slow_answers']],
    ['answers are very slow', { roundTrip_s: 1.2 }, 'bad', ['slow_answers']],
    ['packets come unevenly', { down: { jitter_s: 0.1 } }, 'weak', ['uneven']],
    [
      'the upload was slow once',
      { up: { limited_s: { bandwidth: 3 } } },
      'good',
      []
    ],
    [
      'the upload is slow',
      { up: { bytes: 2_000_000, limited_s: { bandwidth: 8 } } },
      'weak',
      ['upload_slow']
    ],
    [
      'a still picture leaves most of the upload unused',
      { up: { bytes: 500_000, limited_s: { bandwidth: 10 } } },
      'good',
      []
    ],
    [
      'the upload is very slow',
      {
        available_bps: 90_000,
        up: { bytes: 100_000, limited_s: { bandwidth: 10 } }
      },
      'bad',
      ['upload_slow']
    ],
    [
      'the computer is busy',
      { up: { limited_s: { cpu: 9 } } },
      'weak',
      ['busy']
    ],
    [
      'what comes is limited, which is others',
      { down: { limited_s: { cpu: 9 } } },
      'good',
      []
    ],
    [
      'two things are wrong, the worse first',
      { roundTrip_s: 0.5, down: { lost: 500 } },
      'bad',
      ['loss_down', 'slow_answers']
    ]
  ])('is told when %s', (_, change, quality, faults) => {
    const verdict = judge(BEGIN, sample(10, change));
    expect(verdict.quality).toBe(quality);
    expect(verdict.faults.map(({ type }) => type)).toEqual(faults);
  });

  it('says how slow the upload is', () => {
    const slow = sample(10, {
      available_bps: 300_000,
      up: { bytes: 300_000, limited_s: { bandwidth: 9 } }
    });
    expect(judge(BEGIN, slow).faults).toEqual([
      { type: 'upload_slow', bitrate_bps: 300_000 }
    ]);
  });
});

describe('QualityWatch', () => {
  it('waits until it has seen enough, and forgets what is past', () => {
    const watch = new QualityWatch(10_000);
    const lost = (at_s: number): number => Math.min(at_s, 12) * 20;
    const changes: number[] = [];
    for (let at_s = 0; at_s <= 30; at_s += 2) {
      if (watch.take(sample(at_s, { up: { lost: lost(at_s) } }))) {
        changes.push(at_s);
      }
      if (at_s === 8) {
        expect(watch.verdict.quality).toBe('good');
      }
      if (at_s === 12) {
        expect(watch.verdict.quality).toBe('bad');
      }
    }
    expect(changes[0]).toBe(10);
    expect(watch.verdict.quality).toBe('good');
    watch.take(sample(32, { up: { lost: 10_000 } }));
    watch.clear();
    expect(watch.verdict.quality).toBe('good');
    expect(watch.measured).toBeNull();
  });
});
