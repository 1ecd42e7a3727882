import { describe, expect, it } from 'vitest';

import { Speaking } from './speaking';

describe('Speaking', () => {
  it('goes on between words and ends after a pause', () => {
    const speaking = new Speaking();
    expect(speaking.hear(new Map([['ada', 0.2]]), 0)).toBe(true);
    expect(speaking.hear(new Map([['ada', 0]]), 500)).toBe(false);
    expect([...speaking.tracks]).toEqual(['ada']);
    expect(speaking.hear(new Map([['ada', 0]]), 1000)).toBe(true);
    expect([...speaking.tracks]).toEqual([]);
  });

  it('hears no noise, and nobody who is gone', () => {
    const speaking = new Speaking();
    expect(speaking.hear(new Map([['fan', 0.003]]), 0)).toBe(false);
    speaking.hear(new Map([['ada', 0.2]]), 10);
    expect(speaking.hear(new Map(), 20)).toBe(true);
    expect(speaking.tracks.size).toBe(0);
  });
});
