import { describe, expect, it } from 'vitest';

import { IAccessApi, IGrant, INewGrant, IRange, ISubject } from '../api/access';
import { ApiError } from '../api/client';
import { dateField, endOf } from './expiry';
import {
  groupGrants,
  IScope,
  isSameRange,
  scopesOf,
  ShareModel
} from './share-model';
import { permissionsOf, roleOf, ROLES } from './roles';

const GRACE: ISubject = {
  kind: 'user',
  name: 'grace',
  display_name: 'Grace Hopper'
};

const LINES: IRange = {
  id: 'r1',
  path: 'src/a.py',
  kind: 'lines',
  start_line: 10,
  end_line: 22,
  state: 'open',
  holders: [],
  mine: null
};

function grant(id: number, given: Partial<IGrant>): IGrant {
  return {
    id,
    subject: GRACE,
    path: 'src/a.py',
    range: null,
    role: 'viewer',
    permissions: ['read'],
    expires_at: null,
    granted_by: 'ada',
    granted_by_name: 'Ada Lovelace',
    granted_at: 0,
    inherited: false,
    ...given
  };
}

/** A server that keeps grants, and refuses when a test wants it to. */
class Server {
  grants: IGrant[] = [];
  given: INewGrant[] = [];
  refusal: string | null = null;

  readonly api = {
    grants: () => Promise.resolve([...this.grants]),
    links: () => Promise.resolve([]),
    grant: (given: INewGrant) => {
      if (this.refusal !== null) {
        return Promise.reject(new ApiError(403, 'refused', this.refusal));
      }
      this.given.push(given);
      const made = grant(this.grants.length + 1, { path: given.path });
      this.grants.push(made);
      return Promise.resolve(made);
    },
    revoke: (id: number) => {
      this.grants = this.grants.filter(one => one.id !== id);
      return Promise.resolve();
    }
  } as unknown as IAccessApi;
}

it('One can share the project, each folder on the way, the file and the selected lines', () => {
  const selection = { kind: 'lines', start_line: 1, end_line: 2 } as const;
  const target = { path: 'src/lib/a.py', isFolder: false, selection };
  expect(scopesOf(target).map(({ kind, path }) => [kind, path])).toEqual([
    ['project', ''],
    ['folder', 'src'],
    ['folder', 'src/lib'],
    ['file', 'src/lib/a.py'],
    ['range', 'src/lib/a.py']
  ]);
  expect(scopesOf({ path: '', isFolder: true })).toHaveLength(1);
});

it('Grants are told apart by where they are given', () => {
  const grants = [
    grant(1, {}),
    grant(2, { range: LINES }),
    grant(3, { path: 'src', inherited: true })
  ];
  const file: IScope = { kind: 'file', path: 'src/a.py' };
  const ids = (list: readonly IGrant[]): number[] => list.map(one => one.id);
  const ofFile = groupGrants(grants, file);
  expect(ids(ofFile.here)).toEqual([1]);
  expect(ids(ofFile.onRanges)).toEqual([2]);
  expect(ids(ofFile.inherited)).toEqual([3]);
  const ofLines = groupGrants(grants, {
    kind: 'range',
    path: 'src/a.py',
    range: { kind: 'lines', start_line: 10, end_line: 22 }
  });
  expect(ids(ofLines.here)).toEqual([2]);
  expect(ids(ofLines.inherited)).toEqual([1, 3]);
});

it('The same cells in another order are the same range', () => {
  const cells: IRange = { ...LINES, kind: 'cells', cell_ids: ['a', 'b'] };
  expect(isSameRange(cells, { kind: 'cells', cell_ids: ['b', 'a'] })).toBe(
    true
  );
  expect(isSameRange(cells, { kind: 'cells', cell_ids: ['a'] })).toBe(false);
  expect(
    isSameRange(cells, { kind: 'lines', start_line: 10, end_line: 22 })
  ).toBe(false);
});

describe('sharing', () => {
  it('puts who got access on the list', async () => {
    const server = new Server();
    const target = { path: 'src/a.py', isFolder: false };
    const model = new ShareModel(server.api, null, target);
    await model.load();
    expect(await model.share(GRACE, { role: 'editor' }, 99, 'Done.')).toBe(
      true
    );
    expect(server.given).toEqual([
      {
        subject: { kind: 'user', name: 'grace' },
        path: 'src/a.py',
        role: 'editor',
        expires_at: 99
      }
    ]);
    expect(model.groups.here).toHaveLength(1);
    expect(model.done).toBe('Done.');
    await model.revoke(model.groups.here[0], 'Gone.');
    expect(model.groups.here).toHaveLength(0);
  });

  it('uses a range that is there already', async () => {
    const server = new Server();
    server.grants = [grant(1, { range: LINES })];
    const model = new ShareModel(server.api, null, {
      path: 'src/a.py',
      isFolder: false,
      selection: { kind: 'lines', start_line: 10, end_line: 22 }
    });
    await model.load();
    await model.share(GRACE, { role: 'editor' }, null, '');
    expect(server.given[0].range).toEqual({ id: 'r1' });
  });

  it('says in the words of the server why it was refused', async () => {
    const server = new Server();
    server.refusal = 'You can’t give more than you have.';
    const model = new ShareModel(server.api, null, {
      path: '',
      isFolder: true
    });
    await model.load();
    expect(await model.share(GRACE, { role: 'owner' }, null, '')).toBe(false);
    expect(model.problem).toBe('You can’t give more than you have.');
    expect(model.isBusy).toBe(false);
    server.refusal = null;
    await model.share(GRACE, { role: 'viewer' }, null, '');
    expect(model.problem).toBeNull();
  });
});

it('Every role comes to its permissions and back', () => {
  for (const role of Object.keys(ROLES)) {
    expect(roleOf(permissionsOf({ role }))).toBe(role);
  }
  expect(permissionsOf({ permissions: ['execute'] })).toEqual([
    'read',
    'execute'
  ]);
  expect(roleOf(['read', 'execute'])).toBeNull();
});

it('An end is counted from now, or is the date that was given', () => {
  const now = Date.UTC(2026, 4, 1, 12) / 1000;
  expect(endOf({ choice: 'never', date: '' }, now)).toBeNull();
  expect(endOf({ choice: 'day', date: '' }, now)).toBe(now + 86_400);
  expect(endOf({ choice: 'date', date: '' }, now)).toBeUndefined();
  expect(endOf({ choice: 'date', date: dateField(now) }, 0)).toBe(now);
});
