import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';

import { Outbox, subtract } from './outbox';

function typing(): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  return { doc, updates };
}

describe('Outbox', () => {
  it('holds an edit until all its characters came back', () => {
    const { doc, updates } = typing();
    const outbox = new Outbox();
    doc.getText('t').insert(0, 'ab');
    doc.getText('t').insert(2, 'cd');
    outbox.add('1', updates[0], 0);
    outbox.add('2', updates[1], 0);
    expect(outbox.acknowledge(updates[0]).map(entry => entry.id)).toEqual([
      '1'
    ]);
    expect(outbox.acknowledge(updates[1]).map(entry => entry.id)).toEqual([
      '2'
    ]);
    expect(outbox.size).toBe(0);
  });

  it('takes a merged echo as well as one by one', () => {
    const { doc, updates } = typing();
    const outbox = new Outbox();
    doc.getText('t').insert(0, 'ab');
    doc.getText('t').delete(0, 1);
    updates.forEach((update, index) => outbox.add(String(index), update, 0));
    expect(outbox.acknowledge(Y.mergeUpdates(updates))).toHaveLength(2);
  });

  it('waits for each deletion, which may come back in pieces', () => {
    const { doc, updates } = typing();
    doc.getText('t').insert(0, 'abcdef');
    const other = new Y.Doc();
    Y.applyUpdate(other, updates[0]);
    const outbox = new Outbox();
    doc.getText('t').delete(1, 4);
    outbox.add('1', updates[1], 0);

    const half: Uint8Array[] = [];
    other.on('update', (update: Uint8Array) => half.push(update));
    other.getText('t').delete(1, 2);
    expect(outbox.acknowledge(half[0])).toEqual([]);
    Y.applyUpdate(other, updates[1]);
    expect(outbox.acknowledge(half[1])).toHaveLength(1);
  });

  it('believes a state vector about characters but not about deletions', () => {
    const { doc, updates } = typing();
    const outbox = new Outbox();
    doc.getText('t').insert(0, 'ab');
    outbox.add('1', updates[0], 0);
    doc.getText('t').delete(0, 1);
    outbox.add('2', updates[1], 0);
    const done = outbox.acknowledgeState(Y.encodeStateVector(doc));
    expect(done.map(entry => entry.id)).toEqual(['1']);
    expect(outbox.size).toBe(1);
  });

  it('asks a server for what waits here, its own edits included', () => {
    const { doc, updates } = typing();
    const outbox = new Outbox();
    doc.getText('t').insert(0, 'ab');
    const server = new Y.Doc();
    Y.applyUpdate(server, updates[0]);
    doc.getText('t').insert(2, 'cd');
    outbox.add('1', updates[1], 0);
    const question = outbox.stateVectorWithoutWaiting(doc);
    expect(outbox.acknowledge(Y.encodeStateAsUpdate(server, question))).toEqual(
      []
    );
    Y.applyUpdate(server, updates[1]);
    expect(
      outbox.acknowledge(Y.encodeStateAsUpdate(server, question))
    ).toHaveLength(1);
  });

  it('can make one entry of many', () => {
    const { doc, updates } = typing();
    const outbox = new Outbox();
    doc.getText('t').insert(0, 'ab');
    doc.getText('t').delete(0, 1);
    updates.forEach((update, index) =>
      outbox.add(String(index), update, index)
    );
    expect(outbox.compact('all')).toMatchObject({ id: 'all', addedAt: 0 });
    expect(outbox.acknowledge(updates[0])).toEqual([]);
    expect(outbox.acknowledge(updates[1])).toHaveLength(1);
  });

  it('ignores an update that does nothing', () => {
    expect(new Outbox().add('1', new Uint8Array([0, 0]), 0)).toBeNull();
  });
});

describe('subtract', () => {
  it.each([
    [
      [{ start: 0, end: 5 }],
      [{ start: 1, end: 2 }],
      [
        { start: 0, end: 1 },
        { start: 2, end: 5 }
      ]
    ],
    [[{ start: 0, end: 5 }], [{ start: 0, end: 5 }], []],
    [[{ start: 3, end: 5 }], [{ start: 0, end: 3 }], [{ start: 3, end: 5 }]],
    [[{ start: 3, end: 5 }], [{ start: 4, end: 9 }], [{ start: 3, end: 4 }]]
  ])('%j without %j is %j', (ranges, holes, left) => {
    expect(subtract(ranges, holes)).toEqual(left);
  });
});
