/** From awareness states to people: merging tabs, sorting, grouping by file, finding. */

import {
  IPlace,
  IPresenceState,
  IUser,
  Status,
  readPresence,
  readStockPlace,
  readUser,
  STATE_KEY
} from './protocol';

/** One browser tab of somebody. */
export interface IClient {
  readonly id: number;
  readonly user: IUser;
  readonly presence: IPresenceState;
  /** When this tab last said something new, by our own clock. */
  readonly changedAt: number;
}

/** One person, however many tabs they have open. */
export interface IPerson {
  readonly user: IUser;
  readonly isMe: boolean;
  readonly tabs: number;
  /** The state of the tab they are in. */
  readonly presence: IPresenceState;
}

/** A line of the People panel. */
export type Row =
  | {
      readonly type: 'group';
      readonly key: string;
      readonly path: string | null;
      readonly count: number;
      readonly collapsed: boolean;
    }
  | {
      readonly type: 'person';
      readonly key: string;
      readonly person: IPerson;
      readonly level: 1 | 2;
      readonly position: number;
      readonly of: number;
    };

const STATUS_RANK: Record<Status, number> = { active: 0, idle: 1, away: 2 };

const NOWHERE: IPresenceState = {
  status: 'idle',
  path: null,
  kind: 'file',
  doing: 'reading',
  following: null,
  in_call: false,
  since: 0,
  open: []
};

/** Read a tab's awareness state; null when it carries no verified user. */
export function readClient(
  id: number,
  state: Readonly<Record<string, unknown>>,
  changedAt: number
): IClient | null {
  const user = readUser(state.user);
  if (!user) {
    return null;
  }
  const presence = readPresence(state[STATE_KEY]) ?? {
    ...NOWHERE,
    ...readStockPlace(state.current)
  };
  return { id, user, presence, changedAt };
}

/** Merge the tabs of each person; I come first, then the others by name. */
export function mergePeople(clients: Iterable<IClient>, me: string): IPerson[] {
  const tabs = new Map<string, IClient[]>();
  for (const client of clients) {
    const known = tabs.get(client.user.username);
    if (known) {
      known.push(client);
    } else {
      tabs.set(client.user.username, [client]);
    }
  }
  return [...tabs.values()].map(own => mergeTabs(own, me)).sort(compare);
}

function mergeTabs(own: IClient[], me: string): IPerson {
  const front = own.reduce((best, other) =>
    prefer(other, best) ? other : best
  );
  const open = new Set<string>();
  for (const { presence } of own) {
    if (presence.path !== null) {
      open.add(presence.path);
    }
    presence.open.forEach(path => open.add(path));
  }
  const following =
    own.find(tab => tab.presence.following !== null)?.presence.following ??
    null;
  return {
    user: front.user,
    isMe: front.user.username === me,
    tabs: own.length,
    presence: {
      ...front.presence,
      following,
      in_call: own.some(tab => tab.presence.in_call),
      open: [...open]
    }
  };
}

function prefer(one: IClient, other: IClient): boolean {
  const rank =
    STATUS_RANK[one.presence.status] - STATUS_RANK[other.presence.status];
  return rank === 0 ? one.changedAt > other.changedAt : rank < 0;
}

function compare(a: IPerson, b: IPerson): number {
  if (a.isMe !== b.isMe) {
    return a.isMe ? -1 : 1;
  }
  return (
    a.user.display_name.localeCompare(b.user.display_name) ||
    (a.user.username < b.user.username ? -1 : 1)
  );
}

/** The people whose name or file contains every word of `query`. */
export function findPeople(
  people: readonly IPerson[],
  query: string
): IPerson[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  return people.filter(({ user, presence }) => {
    const text = fold(
      `${user.display_name} ${user.username} ${presence.path ?? ''}`
    );
    return words.every(word => text.includes(word));
  });
}

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase();
}

/**
 * The lines of the panel: me, then each file with the people in it.
 *
 * The file I am in comes first, then the fullest; people without a file come last.
 */
export function groupRows(
  people: readonly IPerson[],
  collapsed: ReadonlySet<string>
): Row[] {
  const me = people.find(person => person.isMe);
  const others = people.filter(person => !person.isMe);
  const groups = new Map<string | null, IPerson[]>();
  for (const person of others) {
    const { path } = person.presence;
    groups.set(path, [...(groups.get(path) ?? []), person]);
  }
  const order = [...groups].sort(([a, inA], [b, inB]) =>
    compareGroups(a, inA.length, b, inB.length, me?.presence.path ?? null)
  );
  const rows: Row[] = me
    ? [
        {
          type: 'person',
          key: me.user.username,
          person: me,
          level: 1,
          position: 1,
          of: order.length + 1
        }
      ]
    : [];
  for (const [path, members] of order) {
    const key = groupKey(path);
    const isCollapsed = collapsed.has(key);
    rows.push({
      type: 'group',
      key,
      path,
      count: members.length,
      collapsed: isCollapsed
    });
    if (!isCollapsed) {
      rows.push(...memberRows(members));
    }
  }
  return rows;
}

function groupKey(path: string | null): string {
  return path === null ? 'nowhere' : `file:${path}`;
}

function memberRows(members: IPerson[]): Row[] {
  const awayLast = [...members].sort(
    (a, b) => Number(isAway(a)) - Number(isAway(b))
  );
  return awayLast.map((person, index) => ({
    type: 'person',
    key: person.user.username,
    person,
    level: 2,
    position: index + 1,
    of: members.length
  }));
}

function isAway(person: IPerson): boolean {
  return person.presence.status === 'away';
}

function compareGroups(
  a: string | null,
  countA: number,
  b: string | null,
  countB: number,
  mine: string | null
): number {
  if (a === null || b === null) {
    return Number(a === null) - Number(b === null);
  }
  if (a === mine || b === mine) {
    return Number(b === mine) - Number(a === mine);
  }
  return countB - countA || (a < b ? -1 : 1);
}

/** The others whose view follows this person's. */
export function followersOf(
  people: readonly IPerson[],
  username: string
): IPerson[] {
  return people.filter(
    person =>
      person.presence.following === username &&
      person.user.username !== username
  );
}

/** Somebody who has a file open; `here` when they are looking at it now. */
export interface IVisitor {
  readonly person: IPerson;
  readonly here: boolean;
}

/** Who (but me) has each file open, and who has something open in each folder. */
export function visitorsByPath(
  people: readonly IPerson[]
): Map<string, IVisitor[]> {
  const found = new Map<string, Map<string, IVisitor>>();
  for (const person of people) {
    if (person.isMe) {
      continue;
    }
    for (const open of person.presence.open) {
      const here =
        open === person.presence.path && person.presence.status !== 'away';
      for (const path of [open, ...foldersOf(open)]) {
        const visitors = found.get(path) ?? new Map<string, IVisitor>();
        found.set(path, visitors);
        const known = visitors.get(person.user.username);
        visitors.set(person.user.username, {
          person,
          here: here || (known?.here ?? false)
        });
      }
    }
  }
  return new Map(
    [...found].map(([path, visitors]) => [
      path,
      [...visitors.values()].sort((a, b) => Number(b.here) - Number(a.here))
    ])
  );
}

function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Which of `count` rows of these heights to draw so that a viewport is covered. */
export function visibleRange(
  tops: readonly number[],
  scrollTop: number,
  height: number,
  overscan = 4
): [number, number] {
  const count = tops.length - 1;
  let first = 0;
  while (first < count && tops[first + 1] <= scrollTop) {
    first++;
  }
  let last = first;
  while (last < count && tops[last] < scrollTop + height) {
    last++;
  }
  return [Math.max(0, first - overscan), Math.min(count, last + overscan)];
}

/** Where each row begins, and behind the last where the list ends. */
export function rowTops(
  rows: readonly Row[],
  groupHeight: number,
  personHeight: number
): number[] {
  const tops = [0];
  for (const row of rows) {
    tops.push(
      tops[tops.length - 1] +
        (row.type === 'group' ? groupHeight : personHeight)
    );
  }
  return tops;
}

/** A place without what a person does there. */
export function placeOf(presence: IPresenceState): IPlace {
  const { path, kind, line, cell_id, cell_index } = presence;
  return { path, kind, line, cell_id, cell_index };
}
