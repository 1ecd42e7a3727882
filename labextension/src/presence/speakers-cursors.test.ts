import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';

import { caretsOf } from './speakers-cursors';

function room(): { text: Y.Text; at: (offset: number) => object } {
  const doc = new Y.Doc();
  const text = doc.getText('source');
  text.insert(0, 'one\ntwo\nthree');
  return {
    text,
    at: offset =>
      Y.relativePositionToJSON(
        Y.createRelativePositionFromTypeIndex(text, offset)
      ) as object
  };
}

const SPEAKING = { speaking: new Set(['ada']) };

describe('caretsOf', () => {
  it('finds the cursors of those who speak, but not my own', () => {
    const { text, at } = room();
    const states = new Map<number, Record<string, unknown>>([
      [1, { user: { username: 'ada' }, cursors: [{ head: at(4) }] }],
      [2, { user: { username: 'bo' }, cursors: [{ head: at(6) }] }],
      [3, { user: { username: 'ada' }, cursors: [{ head: at(8) }] }],
      [4, { user: { username: 'ada' } }]
    ]);
    const awareness = { clientID: 3, getStates: () => states };
    expect(caretsOf(awareness, text, SPEAKING)).toEqual([4]);
    expect(caretsOf(awareness, text, { speaking: new Set() })).toEqual([]);
  });

  it.each([[[{}]], [[{ head: 7 }]], ['x'], [[{ head: { tname: 'other' } }]]])(
    'takes no notice of %j',
    cursors => {
      const { text } = room();
      const states = new Map([[1, { user: { username: 'ada' }, cursors }]]);
      const awareness = { clientID: 3, getStates: () => states };
      expect(caretsOf(awareness, text, SPEAKING)).toEqual([]);
    }
  );
});
