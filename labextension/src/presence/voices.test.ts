import { describe, expect, it, vi } from 'vitest';

import { Voices } from './voices';

const NOBODY: ReadonlySet<string> = new Set();

describe('Voices', () => {
  it('tells of changes, and of nothing twice', () => {
    const voices = new Voices();
    const heard = vi.fn();
    voices.changed.connect(heard);
    const ada = { inCall: new Set(['ada']), speaking: NOBODY, hands: NOBODY };
    voices.tell(ada);
    voices.tell({ ...ada, inCall: new Set(['ada']) });
    expect(heard).toHaveBeenCalledTimes(1);
    voices.tell({ ...ada, speaking: new Set(['ada']) });
    voices.tell({ ...ada, hands: new Set(['ada']) });
    expect(heard).toHaveBeenCalledTimes(3);
    voices.tell(null);
    expect(voices.now.inCall).toBeNull();
    voices.tell(null);
    expect(heard).toHaveBeenCalledTimes(4);
  });
});
