import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Gather } from './gather';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('acts once when it has become quiet', () => {
  const act = vi.fn();
  const gather = new Gather(act, 100, 400);
  gather.request();
  vi.advanceTimersByTime(90);
  gather.request();
  vi.advanceTimersByTime(90);
  expect(act).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10);
  expect(act).toHaveBeenCalledTimes(1);
});

it('does not wait for ever while requests keep coming', () => {
  const act = vi.fn();
  const gather = new Gather(act, 100, 400);
  for (let step = 0; step < 10; step++) {
    gather.request();
    vi.advanceTimersByTime(50);
  }
  expect(act).toHaveBeenCalledTimes(1);
});

it('acts no more once disposed', () => {
  const act = vi.fn();
  const gather = new Gather(act, 100, 400);
  gather.request();
  gather.dispose();
  vi.advanceTimersByTime(1000);
  expect(act).not.toHaveBeenCalled();
});
