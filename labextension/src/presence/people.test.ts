import { describe, expect, it } from 'vitest';

import {
  findPeople,
  followersOf,
  groupRows,
  IClient,
  IPerson,
  mergePeople,
  readClient,
  rowTops,
  visibleRange,
  visitorsByPath
} from './people';
import { IPresenceState } from './protocol';

let nextId = 1;

function tab(
  username: string,
  presence: Partial<IPresenceState> = {},
  changedAt = 0
): IClient {
  const client = readClient(
    nextId++,
    {
      user: { username, display_name: username },
      codesyncx: {
        status: 'active',
        doing: 'reading',
        path: null,
        open: presence.path ? [presence.path] : [],
        ...presence
      }
    },
    changedAt
  );
  if (!client) {
    throw new Error('no client');
  }
  return client;
}

function names(people: readonly IPerson[]): string[] {
  return people.map(person => person.user.username);
}

describe('mergePeople', () => {
  it('puts me first and the others by name', () => {
    expect(
      names(mergePeople([tab('Cy'), tab('Ada'), tab('Bo')], 'Bo'))
    ).toEqual(['Bo', 'Ada', 'Cy']);
  });

  it('makes one person of several tabs and shows the most awake one', () => {
    const [ada] = mergePeople(
      [
        tab('Ada', { path: 'a.py', status: 'away' }, 9),
        tab('Ada', { path: 'b.py' }, 1),
        tab('Ada', { path: 'c.py', status: 'idle' }, 5)
      ],
      'me'
    );
    expect(ada.tabs).toBe(3);
    expect(ada.presence.path).toBe('b.py');
    expect(ada.presence.open).toEqual(['a.py', 'b.py', 'c.py']);
  });

  it('between tabs that are equally awake, shows the one that moved last', () => {
    const [ada] = mergePeople(
      [tab('Ada', { path: 'a.py' }, 1), tab('Ada', { path: 'b.py' }, 2)],
      'me'
    );
    expect(ada.presence.path).toBe('b.py');
  });

  it('has somebody in the call who is with any of the tabs', () => {
    const [ada, bo] = mergePeople(
      [tab('Ada', {}, 2), tab('Ada', { in_call: true }, 1), tab('Bo')],
      'me'
    );
    expect(ada.presence.in_call).toBe(true);
    expect(bo.presence.in_call).toBe(false);
  });

  it('keeps whom any of the tabs follows', () => {
    const [ada] = mergePeople(
      [tab('Ada', {}, 2), tab('Ada', { following: 'Bo' }, 1)],
      'me'
    );
    expect(ada.presence.following).toBe('Bo');
  });
});

describe('readClient', () => {
  it('ignores a state without a verified user', () => {
    expect(readClient(1, { codesyncx: { path: 'a.py' } }, 0)).toBeNull();
  });

  it('understands the stock field of a tab without this extension', () => {
    const client = readClient(
      1,
      { user: { username: 'x' }, current: 'notebook:lab/one.ipynb' },
      0
    );
    expect(client?.presence).toMatchObject({
      path: 'lab/one.ipynb',
      kind: 'notebook'
    });
  });
});

describe('findPeople', () => {
  const people = mergePeople(
    [tab('Zoë', { path: 'src/solver.py' }), tab('Bo', { path: 'README.md' })],
    'me'
  );

  it.each([
    ['zoe', ['Zoë']],
    ['SOLVER', ['Zoë']],
    ['bo readme', ['Bo']],
    ['bo solver', []],
    ['', ['Bo', 'Zoë']]
  ])('%s finds %j', (query, expected) => {
    expect(names(findPeople(people, query))).toEqual(expected);
  });
});

describe('groupRows', () => {
  const people = mergePeople(
    [
      tab('me', { path: 'mine.py' }),
      tab('Ada', { path: 'big.py' }),
      tab('Bo', { path: 'big.py', status: 'away' }),
      tab('Cy', { path: 'big.py' }),
      tab('Di', { path: 'mine.py' }),
      tab('Ed')
    ],
    'me'
  );

  it('shows me, my file, the fullest file and then people without one', () => {
    expect(groupRows(people, new Set()).map(row => row.key)).toEqual([
      'me',
      'file:mine.py',
      'Di',
      'file:big.py',
      'Ada',
      'Cy',
      'Bo',
      'nowhere',
      'Ed'
    ]);
  });

  it('hides the people of a collapsed file and still counts them', () => {
    const rows = groupRows(people, new Set(['file:big.py']));
    expect(rows.map(row => row.key)).not.toContain('Ada');
    expect(rows.find(row => row.key === 'file:big.py')).toMatchObject({
      count: 3,
      collapsed: true
    });
  });
});

describe('followersOf', () => {
  it('counts everybody but the person', () => {
    const people = mergePeople(
      [
        tab('Ada', { following: 'Ada' }),
        tab('Bo', { following: 'Ada' }),
        tab('Cy', { following: 'Bo' })
      ],
      'Ada'
    );
    expect(names(followersOf(people, 'Ada'))).toEqual(['Bo']);
  });
});

describe('visitorsByPath', () => {
  it('tells files and their folders, those who look at it first, never me', () => {
    const found = visitorsByPath(
      mergePeople(
        [
          tab('me', { path: 'src/a.py' }),
          tab('Ada', { path: 'src/b.py', open: ['src/a.py', 'src/b.py'] }),
          tab('Bo', { path: 'src/a.py' })
        ],
        'me'
      )
    );
    const told = (path: string): [string, boolean][] =>
      (found.get(path) ?? []).map(({ person, here }) => [
        person.user.username,
        here
      ]);
    expect(told('src/a.py')).toEqual([
      ['Bo', true],
      ['Ada', false]
    ]);
    expect(told('src')).toEqual([
      ['Ada', true],
      ['Bo', true]
    ]);
  });
});

describe('the window on a long list', () => {
  it('draws what shows and a little more', () => {
    const people = mergePeople(
      Array.from({ length: 100 }, (_, index) => tab(`p${index}`)),
      'p0'
    );
    const rows = groupRows(people, new Set());
    const tops = rowTops(rows, 30, 50);
    expect(tops[tops.length - 1]).toBe(30 + 100 * 50);
    expect(visibleRange(tops, 0, 400)).toEqual([0, 13]);
    expect(visibleRange(tops, 2030, 100, 0)).toEqual([41, 43]);
    expect(visibleRange(tops, 9_999, 400)).toEqual([97, 101]);
    expect(visibleRange([0], 0, 400)).toEqual([0, 0]);
  });
});
