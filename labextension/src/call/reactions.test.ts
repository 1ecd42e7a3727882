import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Call } from './call';
import { Reactions, SHOWN_MS } from './reactions';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function reactions(): { shown: Reactions; react: (who: string) => void } {
  const passed = new Signal<object, never>({});
  const shown = new Reactions({ passed } as unknown as Call);
  return {
    shown,
    react: member_id =>
      passed.emit({ type: 'reaction', member_id, emoji: '👍' } as never)
  };
}

describe('Reactions', () => {
  it('show for a while, each by itself', () => {
    const { shown, react } = reactions();
    react('ada');
    vi.advanceTimersByTime(SHOWN_MS / 2);
    react('ada');
    react('bo');
    expect(shown.of('ada')).toHaveLength(2);
    vi.advanceTimersByTime(SHOWN_MS / 2);
    expect(shown.of('ada')).toHaveLength(1);
    vi.advanceTimersByTime(SHOWN_MS / 2);
    expect(shown.shown).toEqual([]);
  });

  it('of one person are few at once, the newest', () => {
    const { shown, react } = reactions();
    for (let count = 0; count < 20; count++) {
      react('ada');
    }
    expect(shown.of('ada').map(({ key }) => key)).toEqual([16, 17, 18, 19, 20]);
  });
});
