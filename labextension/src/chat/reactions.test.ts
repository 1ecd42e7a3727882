import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';

import { parseReactionKey, reactionKey, reactionsOf } from './reactions';

describe('reactions', () => {
  it('are kept per person, and taken back', () => {
    const doc = new Y.Doc();
    const reactions = reactionsOf(doc);
    const changed: string[] = [];
    reactions.changed.connect((_, id) => changed.push(id));
    reactions.toggle('m1', 'ann', '👍');
    reactions.toggle('m1', 'bob', '👍');
    reactions.toggle('m1', 'bob', '🎉');
    expect(reactions.of('m1')).toEqual([
      { emoji: '👍', usernames: ['ann', 'bob'] },
      { emoji: '🎉', usernames: ['bob'] }
    ]);
    reactions.toggle('m1', 'bob', '🎉');
    expect(reactions.of('m1')).toHaveLength(1);
    expect(changed).toEqual(['m1', 'm1', 'm1', 'm1']);
    expect(reactionsOf(doc)).toBe(reactions);
  });

  it('of two people at once are both kept', () => {
    const [left, right] = [new Y.Doc(), new Y.Doc()];
    reactionsOf(left).toggle('m', 'ann', '👍');
    reactionsOf(right).toggle('m', 'bob', '👍');
    Y.applyUpdate(left, Y.encodeStateAsUpdate(right));
    expect(reactionsOf(left).of('m')).toEqual([
      { emoji: '👍', usernames: ['ann', 'bob'] }
    ]);
  });

  it('have keys that the server reads the same way', () => {
    const key = reactionKey('m/1', 'ann lee', '👍');
    expect(key).toBe('codesyncx.reaction/m%2F1/ann%20lee/%F0%9F%91%8D');
    expect(parseReactionKey(key)).toEqual(['m/1', 'ann lee', '👍']);
    for (const wrong of [
      'id',
      'codesyncx.reaction/a/b',
      'codesyncx.reaction/%/b/c'
    ]) {
      expect(parseReactionKey(wrong)).toBeNull();
    }
  });
});
