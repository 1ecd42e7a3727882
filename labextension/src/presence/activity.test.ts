import { describe, expect, it } from 'vitest';

import { IClock, statusAt, Throttle } from './activity';

const MINUTE = 60_000;

describe('statusAt', () => {
  it.each([
    [0, null, 'active'],
    [2 * MINUTE - 1, null, 'active'],
    [2 * MINUTE, null, 'idle'],
    [10 * MINUTE, null, 'away'],
    [5_000, 5_000, 'active'],
    [20_000, 10_000, 'away']
  ])('after %d ms of quiet, hidden for %s: %s', (quiet, hidden, expected) => {
    const now = 1_000_000;
    const hiddenAt = hidden === null ? null : now - hidden;
    expect(statusAt({ lastInputAt: now - quiet, hiddenAt }, now)).toBe(
      expected
    );
  });
});

class FakeClock implements IClock {
  now(): number {
    return this._now;
  }

  later(task: () => void, delayMs: number): () => void {
    const timer = { at: this._now + delayMs, task };
    this._timers.add(timer);
    return () => this._timers.delete(timer);
  }

  advance(ms: number): void {
    this._now += ms;
    for (const timer of [...this._timers]) {
      if (timer.at <= this._now) {
        this._timers.delete(timer);
        timer.task();
      }
    }
  }

  private _now = 0;
  private _timers = new Set<{ at: number; task: () => void }>();
}

describe('Throttle', () => {
  function make(): {
    sent: string[];
    clock: FakeClock;
    throttle: Throttle<string>;
  } {
    const sent: string[] = [];
    const clock = new FakeClock();
    const throttle = new Throttle<string>(
      value => sent.push(value),
      (a, b) => a === b,
      500,
      clock
    );
    return { sent, clock, throttle };
  }

  it('sends the first at once and the last of a burst later', () => {
    const { sent, clock, throttle } = make();
    ['a', 'b', 'c'].forEach(value => throttle.push(value));
    expect(sent).toEqual(['a']);
    clock.advance(499);
    expect(sent).toEqual(['a']);
    clock.advance(1);
    expect(sent).toEqual(['a', 'c']);
  });

  it('never sends the same twice in a row', () => {
    const { sent, clock, throttle } = make();
    throttle.push('a');
    throttle.push('b');
    throttle.push('a');
    clock.advance(1000);
    throttle.push('a');
    expect(sent).toEqual(['a']);
  });

  it('sends nothing after its end', () => {
    const { sent, clock, throttle } = make();
    throttle.push('a');
    throttle.push('b');
    throttle.dispose();
    clock.advance(1000);
    expect(sent).toEqual(['a']);
  });
});
