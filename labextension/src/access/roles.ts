/** Roles and single permissions, and what they are called. */
import { TranslationBundle } from '@jupyterlab/translation';

import { ILevel, Permission } from '../api/access';

export const PERMISSIONS: readonly Permission[] = [
  'read',
  'edit',
  'create',
  'delete',
  'execute',
  'comment',
  'speak',
  'share_screen',
  'share',
  'admin'
];

const COMMENTER: readonly Permission[] = ['read', 'comment', 'speak'];
const RUNNER: readonly Permission[] = [...COMMENTER, 'execute', 'share_screen'];
const EDITOR: readonly Permission[] = [...RUNNER, 'edit', 'create', 'delete'];

/** From the most to the least. */
export const ROLES = {
  owner: PERMISSIONS,
  maintainer: [...EDITOR, 'share'],
  editor: EDITOR,
  runner: RUNNER,
  commenter: COMMENTER,
  viewer: ['read'],
  none: []
} as const satisfies Record<string, readonly Permission[]>;

export type Role = keyof typeof ROLES;

const ON_A_RANGE: ReadonlySet<Permission> = new Set([
  'read',
  'edit',
  'comment'
]);

export function isRole(name: string | null | undefined): name is Role {
  return typeof name === 'string' && name in ROLES;
}

/** The roles that make sense there: the project only has owners, and a range no runners. */
export function rolesFor(
  resource: 'project' | 'path' | 'range',
  isForPerson: boolean
): Role[] {
  switch (resource) {
    case 'range':
      return ['editor', 'commenter', 'viewer'];
    case 'path':
      return ['maintainer', 'editor', 'runner', 'commenter', 'viewer', 'none'];
    case 'project':
      return (Object.keys(ROLES) as Role[]).filter(
        role => role !== 'owner' || isForPerson
      );
  }
}

/** The single permissions that make sense there. */
export function permissionsFor(
  resource: 'project' | 'path' | 'range'
): Permission[] {
  return PERMISSIONS.filter(permission =>
    resource === 'range' ? ON_A_RANGE.has(permission) : permission !== 'admin'
  );
}

export function roleName(role: string, trans: TranslationBundle): string {
  const names: Record<Role, string> = {
    owner: trans.__('Owner'),
    maintainer: trans.__('Maintainer'),
    editor: trans.__('Editor'),
    runner: trans.__('Runner'),
    commenter: trans.__('Commenter'),
    viewer: trans.__('Viewer'),
    none: trans.__('No access')
  };
  return isRole(role) ? names[role] : role;
}

/** What a role can do, in a sentence that goes on after its name. */
export function roleWords(
  role: string,
  resource: 'project' | 'path' | 'range',
  trans: TranslationBundle
): string {
  if (resource === 'range') {
    const words: Partial<Record<string, string>> = {
      editor: trans.__('can read and change them'),
      commenter: trans.__('can read and comment on them'),
      viewer: trans.__('can read them; nothing there can be changed')
    };
    return words[role] ?? '';
  }
  const words: Record<Role, string> = {
    owner: trans.__(
      'can do everything, names other owners, and can’t be locked out'
    ),
    maintainer: trans.__('all that an editor can, and share it with others'),
    editor: trans.__(
      'can read, change, create and delete files, run code, chat and talk'
    ),
    runner: trans.__(
      'can read files, run code, chat and talk; changes nothing'
    ),
    commenter: trans.__('can read files, chat and talk'),
    viewer: trans.__('can read files, nothing else'),
    none: trans.__('sees nothing of it, whatever is given further up')
  };
  return isRole(role) ? words[role] : '';
}

export function permissionName(
  permission: Permission,
  trans: TranslationBundle
): string {
  const names: Record<Permission, string> = {
    read: trans.__('read'),
    edit: trans.__('change'),
    create: trans.__('create files'),
    delete: trans.__('delete files'),
    execute: trans.__('run code'),
    comment: trans.__('chat and comment'),
    speak: trans.__('talk'),
    share_screen: trans.__('share the screen'),
    share: trans.__('share with others'),
    admin: trans.__('own the project')
  };
  return names[permission];
}

/** "Can read, change and run code." */
export function describePermissions(
  permissions: readonly Permission[],
  trans: TranslationBundle
): string {
  const names = PERMISSIONS.filter(one => permissions.includes(one)).map(one =>
    permissionName(one, trans)
  );
  if (names.length === 0) {
    return trans.__('Sees nothing');
  }
  return trans.__(
    'Can %1',
    new Intl.ListFormat(undefined, { type: 'conjunction' }).format(names)
  );
}

/** The role that comes to exactly these permissions. */
export function roleOf(permissions: readonly Permission[]): Role | null {
  const found = (Object.keys(ROLES) as Role[]).find(role => {
    const all: readonly Permission[] = ROLES[role];
    return (
      all.length === permissions.length &&
      all.every(one => permissions.includes(one))
    );
  });
  return found ?? null;
}

/** What a level comes to; reading goes with whatever else one may do. */
export function permissionsOf(level: ILevel): readonly Permission[] {
  const found = new Set<Permission>(level.permissions);
  if (isRole(level.role)) {
    ROLES[level.role].forEach(one => found.add(one));
  }
  if (found.size > 0) {
    found.add('read');
  }
  return PERMISSIONS.filter(one => found.has(one));
}

/** The name of a level as a person reads it in a list. */
export function levelName(
  level: { role: string | null; permissions: readonly Permission[] },
  trans: TranslationBundle
): string {
  const role = level.role ?? roleOf(level.permissions);
  return role === null ? trans.__('Custom') : roleName(role, trans);
}
