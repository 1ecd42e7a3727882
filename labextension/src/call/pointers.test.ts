import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FADE_MS, Pointers } from './pointers';
import { ClientMessage, ICaller, PassingMessage } from './protocol';

const CLOCK = {
  now: () => Date.now(),
  later: (task: () => void, delayMs: number) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  }
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function pointers(): {
  shown: Pointers;
  told: ClientMessage[];
  hear: (x: number, member_id?: string) => void;
} {
  const told: ClientMessage[] = [];
  const passed = new Signal<object, PassingMessage>({});
  const room = { you: { member_id: 'me' } as ICaller };
  const tell = (message: ClientMessage): number => told.push(message);
  const shown = new Pointers({ passed, tell, room }, CLOCK);
  return {
    shown,
    told,
    hear: (x, member_id = 'ada') =>
      shown.hear({ type: 'pointed', member_id, track_id: 't', x, y: 0 })
  };
}

describe('Pointers', () => {
  it('follow each person and fade when they rest', () => {
    const { shown, hear } = pointers();
    hear(0.1);
    hear(0.2);
    vi.advanceTimersByTime(FADE_MS / 2);
    hear(0.3, 'bo');
    expect(shown.on('t').map(({ x }) => x)).toEqual([0.2, 0.3]);
    expect(shown.on('other')).toEqual([]);
    vi.advanceTimersByTime(FADE_MS / 2);
    expect(shown.on('t').map(({ memberId }) => memberId)).toEqual(['bo']);
    vi.advanceTimersByTime(FADE_MS);
    expect(shown.on('t')).toEqual([]);
  });

  it('tell the others no more often than the server takes, and where it ended', () => {
    const { shown, told } = pointers();
    for (let step = 0; step <= 100; step++) {
      shown.point('t', { x: step / 100, y: 1 / 3 });
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(100);
    expect(told.length).toBeLessThanOrEqual(17);
    expect(told[told.length - 1]).toEqual({
      type: 'point',
      track_id: 't',
      x: 1,
      y: 0.3333
    });
    expect(shown.on('t')[0].memberId).toBe('me');
  });
});
