/** How good a connection is, and what is wrong with it. */

import { Quality } from './protocol';
import {
  between,
  IMeasured,
  ISample,
  totalBitrate,
  totalLoss
} from './statistics';

export type { Quality } from './protocol';

/** Something that is wrong with a connection, the worst of its kind. */
export type Fault =
  | { readonly type: 'upload_slow'; readonly bitrate_bps: number }
  | { readonly type: 'loss_up' | 'loss_down'; readonly share: number }
  | { readonly type: 'slow_answers'; readonly roundTrip_ms: number }
  | { readonly type: 'uneven'; readonly jitter_ms: number }
  | { readonly type: 'busy' };

export interface IVerdict {
  readonly quality: Quality;
  readonly faults: readonly Fault[];
}

export const GOOD: IVerdict = { quality: 'good', faults: [] };

/** Of the time, from which on a limit is no passing one. */
const MOSTLY = 0.5;
/** Of an estimate, from which on it holds anything back: one that nobody fills doesn't grow. */
const FILLED = 0.5;
/** Below this a camera shows little more than that somebody is there. */
const LITTLE_bps = 250_000;

interface ILimit {
  readonly weak: number;
  readonly bad: number;
}

/** Opus hides some loss (RFC 6716, section 2.1.7); ITU-T G.114 has calls suffer above 400 ms. */
const LOSS: ILimit = { weak: 0.03, bad: 0.1 };
const ROUND_TRIP_ms: ILimit = { weak: 400, bad: 900 };
const JITTER_ms: ILimit = { weak: 60, bad: 200 };

/** Judge what was carried between two samples. */
export function judge(before: ISample, after: ISample): IVerdict {
  const measured = between(before, after);
  const found: [Quality, Fault][] = [];
  const up = totalLoss(before, after, 'up');
  const down = totalLoss(before, after, 'down');
  const { roundTrip_ms } = measured;
  const jitter_ms = Math.round(
    Math.max(0, ...measured.rates.map(({ jitter_s }) => jitter_s)) * 1000
  );
  found.push([gradeOf(up, LOSS), { type: 'loss_up', share: up }]);
  found.push([gradeOf(down, LOSS), { type: 'loss_down', share: down }]);
  if (roundTrip_ms !== null) {
    const grade = gradeOf(roundTrip_ms, ROUND_TRIP_ms);
    found.push([grade, { type: 'slow_answers', roundTrip_ms }]);
  }
  found.push([gradeOf(jitter_ms, JITTER_ms), { type: 'uneven', jitter_ms }]);
  const sent_bps = totalBitrate(measured, 'up');
  const bitrate_bps = measured.available_bps ?? sent_bps;
  if (isMostly(measured, 'bandwidth') && sent_bps >= FILLED * bitrate_bps) {
    const grade = bitrate_bps < LITTLE_bps ? 'bad' : 'weak';
    found.push([grade, { type: 'upload_slow', bitrate_bps }]);
  }
  if (isMostly(measured, 'cpu')) {
    found.push(['weak', { type: 'busy' }]);
  }
  const wrong = found.filter(([grade]) => grade !== 'good');
  return {
    quality: worst(wrong.map(([grade]) => grade)),
    faults: wrong
      .sort(([a], [b]) => Number(b === 'bad') - Number(a === 'bad'))
      .map(([, fault]) => fault)
  };
}

/** Judges the last seconds of a call, so that what passes at once isn't told of. */
export class QualityWatch {
  constructor(private readonly _window_ms: number) {}

  /** The last two samples' difference: what is carried now. Null before there are two. */
  get measured(): IMeasured | null {
    const before = this._samples.at(-2);
    const after = this._samples.at(-1);
    return before && after ? between(before, after) : null;
  }

  get verdict(): IVerdict {
    return this._verdict;
  }

  /** Take a sample; true when the verdict is another one. */
  take(sample: ISample): boolean {
    this._samples.push(sample);
    const begin = sample.at_ms - this._window_ms;
    // One that is older than the window stays, to measure all of it.
    while (this._samples.length > 2 && this._samples[1].at_ms <= begin) {
      this._samples.shift();
    }
    const [first] = this._samples;
    if (first.at_ms > begin) {
      return false;
    }
    const before = this._verdict;
    this._verdict = judge(first, sample);
    return !isSame(before, this._verdict);
  }

  /** Begin anew, as with new connections. */
  clear(): void {
    this._samples = [];
    this._verdict = GOOD;
  }

  private _samples: ISample[] = [];
  private _verdict = GOOD;
}

function isSame(one: IVerdict, other: IVerdict): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether a camera or a screen of mine is held back by something for most of the time. */
function isMostly({ rates }: IMeasured, reason: 'bandwidth' | 'cpu'): boolean {
  return rates.some(
    rate =>
      rate.direction === 'up' &&
      rate.isVideo &&
      (rate.limited[reason] ?? 0) > MOSTLY
  );
}

function gradeOf(value: number, { weak, bad }: ILimit): Quality {
  return value >= bad ? 'bad' : value >= weak ? 'weak' : 'good';
}

function worst(grades: readonly Quality[]): Quality {
  return grades.includes('bad')
    ? 'bad'
    : grades.includes('weak')
      ? 'weak'
      : 'good';
}
