import { describe, expect, it } from 'vitest';

import { SendRate } from './send-rate';

/** A line of so many bytes a ms, over which an encoder sends 60 bytes a ms at most. */
function run(
  bytesPerMs: number,
  forMs: number,
  rate = new SendRate()
): SendRate {
  let sent = 0;
  let received = 0;
  for (let now = 0; now < forMs; now += 100) {
    const bytes = rate.isStuck ? 0 : 6000 * rate.share;
    sent += bytes;
    rate.sent(bytes, now);
    received = Math.min(sent, received + bytesPerMs * 100);
    rate.received(received, now);
    if (now % 500 === 0) {
      rate.judge(now);
    }
  }
  return rate;
}

describe('the rate of what is sent', () => {
  it('is the usual one on a line that carries it', () => {
    const rate = run(100, 10_000);
    expect(rate.share).toBe(1);
    expect(rate.isStuck).toBe(false);
  });

  it('falls to what a slow line carries', () => {
    const rate = run(15, 30_000);
    expect(rate.share).toBeLessThan(0.5);
    expect(rate.share).toBeGreaterThanOrEqual(0.1);
  });

  it('stops pictures while nothing gets through', () => {
    const rate = run(100, 5000);
    rate.sent(100_000);
    rate.judge(7000);
    for (let now = 7000; now < 9000; now += 100) {
      rate.received(290_000, now);
    }
    rate.judge(9000);
    expect(rate.isStuck).toBe(true);
  });

  it('comes back when the line does', () => {
    const slow = run(10, 20_000);
    expect(slow.share).toBeLessThan(0.5);
    let sent = 10 ** 7;
    slow.sent(sent);
    for (let now = 20_000; now < 50_000; now += 100) {
      sent += 1000;
      slow.sent(1000);
      slow.received(sent * 2, now);
      if (now % 500 === 0) {
        slow.judge(now);
      }
    }
    expect(slow.share).toBe(1);
  });
});
