import { describe, expect, it } from 'vitest';

import {
  between,
  ISample,
  sampleOf,
  totalBitrate,
  totalLoss
} from './statistics';

type Report = readonly (readonly [string, unknown])[];

function up(
  at: number,
  change: Readonly<Record<string, unknown>> = {}
): Report {
  return [
    ['T', { type: 'transport', selectedCandidatePairId: 'P' }],
    ['X', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 9 }],
    [
      'P',
      {
        type: 'candidate-pair',
        currentRoundTripTime: 0.05,
        availableOutgoingBitrate: 800_000
      }
    ],
    ['C', { type: 'codec', mimeType: 'video/VP8' }],
    ['R', { type: 'remote-inbound-rtp', packetsLost: at * 5, jitter: 0.01 }],
    [
      'O',
      {
        type: 'outbound-rtp',
        id: 'O',
        kind: 'video',
        mid: '1',
        rid: 'h',
        codecId: 'C',
        remoteId: 'R',
        bytesSent: at * 100_000,
        packetsSent: at * 100,
        framesEncoded: at * 25,
        frameWidth: 640,
        frameHeight: 360,
        qualityLimitationDurations: {
          none: 0,
          cpu: 0,
          bandwidth: at * 0.75,
          other: 0
        },
        ...change
      }
    ],
    ['S', { type: 'outbound-rtp', id: 'S', kind: 'audio', mid: '9' }],
    ['odd', null],
    ['text', 'odd']
  ];
}

function down(at: number): Report {
  return [
    [
      'P',
      { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.08 }
    ],
    [
      'I',
      {
        type: 'inbound-rtp',
        id: 'I',
        kind: 'audio',
        mid: '0',
        bytesReceived: at * 4000,
        packetsReceived: at * 45,
        packetsLost: at * 5,
        jitter: 0.02
      }
    ]
  ];
}

function sample(
  at: number,
  change: Readonly<Record<string, unknown>> = {}
): ISample {
  return sampleOf(
    [
      { direction: 'up', report: up(at, change), names: { '1': 'camera' } },
      { direction: 'down', report: down(at), names: { '0': 'm2-voice' } }
    ],
    at * 1000
  );
}

describe('the statistics of a call', () => {
  it('name each stream and know the pair that is used', () => {
    const { streams, roundTrip_s, available_bps } = sample(1);
    expect(
      streams.map(({ name, direction, layer, codec }) => [
        name,
        direction,
        layer,
        codec
      ])
    ).toEqual([
      ['camera', 'up', 'h', 'VP8'],
      ['m2-voice', 'down', '', '']
    ]);
    expect([roundTrip_s, available_bps]).toEqual([0.08, 800_000]);
  });

  it('say what was carried between two samples', () => {
    const measured = between(sample(2), sample(4));
    expect(measured.roundTrip_ms).toBe(80);
    const [camera, voice] = measured.rates;
    expect(camera).toMatchObject({
      bitrate_bps: 800_000,
      loss: 0.05,
      framesPerSecond: 25
    });
    expect(camera.limited.bandwidth).toBeCloseTo(0.75);
    expect(voice).toMatchObject({ bitrate_bps: 32_000, loss: 0.1 });
    expect(totalBitrate(measured, 'down')).toBe(32_000);
    expect(totalLoss(sample(2), sample(4), 'up')).toBeCloseTo(0.05);
    expect(totalLoss(sample(2), sample(4), 'down')).toBeCloseTo(0.1);
  });

  it('count from none what is new or began anew', () => {
    const nothing: ISample = { ...sample(2), streams: [] };
    expect(between(nothing, sample(4)).rates[0].bitrate_bps).toBe(1_600_000);
    const began = between(sample(4), sample(6, { bytesSent: 50_000 }));
    expect(began.rates[0].bitrate_bps).toBe(200_000);
  });

  it.each([undefined, null, 'many', Number.NaN, {}])(
    'take a counter of %s for none',
    value => {
      const broken = {
        bytesSent: value,
        remoteId: value,
        qualityLimitationDurations: value
      };
      const [camera] = between(sample(1, broken), sample(2, broken)).rates;
      expect(camera).toMatchObject({ bitrate_bps: 0, loss: 0 });
    }
  );

  it('are none without connections', () => {
    const none = sampleOf([], 0);
    expect(none).toEqual({
      at_ms: 0,
      roundTrip_s: null,
      available_bps: null,
      streams: []
    });
    expect(between(none, none)).toEqual({
      roundTrip_ms: null,
      available_bps: null,
      rates: []
    });
    expect(totalLoss(none, none, 'up')).toBe(0);
  });
});
