import { expect, test } from 'vitest';
import * as Y from 'yjs';

import { AuthorRuns } from './author-runs';
import { ClockTimes } from './clock-times';
import { lineAuthors } from './line-authors';

function sync(...docs: Y.Doc[]): void {
  for (const from of docs) {
    for (const to of docs) {
      Y.applyUpdate(to, Y.encodeStateAsUpdate(from));
    }
  }
}

function client(clientId: number): { doc: Y.Doc; text: Y.Text } {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  return { doc, text: doc.getText('source') };
}

test('each stretch of the text belongs to the client that wrote it', () => {
  const disk = client(0);
  const ada = client(7);
  const bo = client(8);
  disk.text.insert(0, 'one\ntwo\n');
  sync(disk.doc, ada.doc, bo.doc);
  ada.text.insert(4, 'ada ☕😀\n');
  sync(ada.doc, bo.doc);
  bo.text.insert(8, 'BO');
  sync(ada.doc, bo.doc);
  const runs = AuthorRuns.of(ada.text);
  expect(runs.length).toBe(ada.text.length);
  expect(runs.shares(0, 3)).toEqual([{ clientId: 0, length: 3, lastClock: 2 }]);
  expect(runs.shares(4, 13)).toEqual([
    { clientId: 7, length: 7, lastClock: 6 },
    { clientId: 8, length: 2, lastClock: 1 }
  ]);
  expect(runs.clientIds()).toEqual(new Set([0, 7, 8]));
});

test('deleted text belongs to nobody', () => {
  const ada = client(7);
  ada.text.insert(0, 'abcdef');
  ada.text.delete(1, 4);
  const runs = AuthorRuns.of(ada.text);
  expect(runs.shares(0, 2)).toEqual([{ clientId: 7, length: 2, lastClock: 5 }]);
});

test('an empty text and an offset past the end have no authors', () => {
  const ada = client(7);
  expect(AuthorRuns.of(ada.text).shares(0, 5)).toEqual([]);
  ada.text.insert(0, 'a');
  expect(AuthorRuns.of(ada.text).shares(1, 5)).toEqual([]);
});

test('runs agree with a count of every unit in random sessions', () => {
  let seed = 5;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const clients = [client(3), client(1), client(2)];
  for (let round = 0; round < 300; round += 1) {
    const { text } = clients[random(3)];
    if (random(4) === 0 && text.length > 3) {
      text.delete(random(text.length - 2), 1 + random(2));
    } else {
      text.insert(random(text.length + 1), 'xyz'.slice(random(3)));
    }
    if (round % 7 === 0) {
      sync(...clients.map(one => one.doc));
    }
  }
  sync(...clients.map(one => one.doc));
  const { text } = clients[0];
  const owners: number[] = [];
  for (let item = text._start; item !== null; item = item.right) {
    if (!item.deleted) {
      owners.push(...new Array<number>(item.length).fill(item.id.client));
    }
  }
  const runs = AuthorRuns.of(text);
  for (let from = 0; from < owners.length; from += 5) {
    const to = Math.min(owners.length, from + random(30));
    for (const share of runs.shares(from, to)) {
      const expected = owners
        .slice(from, to)
        .filter(owner => owner === share.clientId).length;
      expect(share.length).toBe(expected);
    }
  }
});

test('two clients of one person are one author, the disk is nobody', () => {
  const ada = { username: 'ada', name: 'Ada' };
  const times = new ClockTimes([
    [7, 10, 100],
    [8, 5, 300],
    [7, 20, 200]
  ]);
  const authors = lineAuthors(
    [
      { clientId: 7, length: 3, lastClock: 12 },
      { clientId: 8, length: 3, lastClock: 2 },
      { clientId: 0, length: 2, lastClock: 1 }
    ],
    {
      personOf: id => (id === 0 ? null : ada),
      timeOf: (id, clock) => times.timeOf(id, clock)
    }
  );
  expect(authors).toEqual([
    { person: ada, share: 0.75, time: 300 },
    { person: null, share: 0.25, time: null }
  ]);
});

test('what no version has seen has no time', () => {
  const times = new ClockTimes([[7, 10, 100]]);
  expect(times.timeOf(7, 9)).toBe(100);
  expect(times.timeOf(7, 10)).toBeNull();
  expect(times.timeOf(9, 0)).toBeNull();
});

test('a large fragmented text is read in bounded time', () => {
  const ada = client(7);
  const bo = client(8);
  ada.text.insert(0, 'line of code\n'.repeat(80_000));
  sync(ada.doc, bo.doc);
  bo.doc.transact(() => {
    for (let index = 0; index < 20_000; index += 1) {
      bo.text.insert(index * 50, 'b');
    }
  });
  const started = performance.now();
  const runs = AuthorRuns.of(bo.text);
  expect(performance.now() - started).toBeLessThan(200);
  expect(runs.length).toBe(bo.text.length);
});
