/** What one browser tab tells the others: its own key in the global awareness room. */

/** The key of our fields in an awareness state. `user`, beside it, is the server's word. */
export const STATE_KEY = 'codesyncx';

export type Status = 'active' | 'idle' | 'away';
export type Doing = 'editing' | 'reading' | 'running';
export type DocumentKind = 'file' | 'notebook';

/** A place in the project. Lines and cells count from 1, as people say them. */
export interface IPlace {
  readonly path: string | null;
  readonly kind: DocumentKind;
  readonly line?: number;
  readonly cell_id?: string;
  readonly cell_index?: number;
}

/** The state under {@link STATE_KEY}. */
export interface IPresenceState extends IPlace {
  readonly status: Status;
  readonly doing: Doing;
  /** Username of the person whose view this one follows. */
  readonly following: string | null;
  /** Whether they are in the call, by their own word. */
  readonly in_call: boolean;
  /** When `status` last changed, in seconds since the epoch. */
  readonly since: number;
  /** Paths of the open documents, the most recent first. */
  readonly open: readonly string[];
}

/** A person, as the server vouches for them. */
export interface IUser {
  readonly username: string;
  readonly display_name: string;
  readonly initials: string;
  readonly color: string | null;
  readonly avatar_url: string | null;
}

/** How many open documents a tab tells about. */
export const MAX_OPEN = 20;

const MAX_PATH_LENGTH = 1024;
const MAX_NAME_LENGTH = 200;

/**
 * Read a state that another client wrote; null when it isn't one.
 *
 * Unknown values fall back to the most modest meaning, so that a newer client stays visible.
 */
export function readPresence(value: unknown): IPresenceState | null {
  if (!isRecord(value)) {
    return null;
  }
  return {
    status: oneOf(value.status, ['active', 'idle', 'away'], 'idle'),
    path: readPath(value.path),
    kind: oneOf(value.kind, ['file', 'notebook'], 'file'),
    line: readCount(value.line),
    cell_id: readText(value.cell_id, MAX_NAME_LENGTH) ?? undefined,
    cell_index: readCount(value.cell_index),
    doing: oneOf(value.doing, ['editing', 'reading', 'running'], 'reading'),
    following: readText(value.following, MAX_NAME_LENGTH),
    in_call: value.in_call === true,
    since: typeof value.since === 'number' ? value.since : 0,
    open: readPaths(value.open)
  };
}

/**
 * Read the `user` field of a state; null when it names nobody.
 */
export function readUser(value: unknown): IUser | null {
  if (!isRecord(value)) {
    return null;
  }
  const username = readText(value.username, MAX_NAME_LENGTH);
  if (username === null) {
    return null;
  }
  const name =
    readText(value.display_name, MAX_NAME_LENGTH) ??
    readText(value.name, MAX_NAME_LENGTH) ??
    username;
  return {
    username,
    display_name: name,
    initials: (readText(value.initials, 8) ?? initialsOf(name)).slice(0, 3),
    color: readColor(value.color),
    avatar_url: readText(value.avatar_url, 100_000)
  };
}

/**
 * The place told by the stock `current` field (`notebook:some/path.ipynb`), for tabs that run
 * without this extension.
 */
export function readStockPlace(value: unknown): IPlace | null {
  const text = readText(value, MAX_PATH_LENGTH);
  const match = text === null ? null : /^(\w+):(.+)$/.exec(text);
  if (!match) {
    return null;
  }
  return {
    path: match[2],
    kind: match[1] === 'notebook' ? 'notebook' : 'file'
  };
}

/** Whether two places are the same spot. */
export function samePlace(a: IPlace, b: IPlace): boolean {
  return (
    a.path === b.path &&
    a.line === b.line &&
    a.cell_id === b.cell_id &&
    a.cell_index === b.cell_index
  );
}

/** The letters shown where there is no picture. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/).filter(word => word.length > 0);
  const letters =
    words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map(word => firstLetter(word).toLocaleUpperCase()).join('');
}

function firstLetter(word: string): string {
  return String.fromCodePoint(word.codePointAt(0) ?? 0x20);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneOf<T extends string>(
  value: unknown,
  allowed: readonly T[],
  fallback: T
): T {
  return allowed.find(item => item === value) ?? fallback;
}

function readText(value: unknown, limit: number): string | null {
  return typeof value === 'string' && value.length > 0 && value.length <= limit
    ? value
    : null;
}

function readPath(value: unknown): string | null {
  return readText(value, MAX_PATH_LENGTH);
}

function readPaths(value: unknown): string[] {
  return Array.isArray(value)
    ? value
        .slice(0, MAX_OPEN)
        .map(readPath)
        .filter(path => path !== null)
    : [];
}

function readCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    ? value
    : undefined;
}

const COLOR =
  /^(#[0-9a-f]{3,8}|(rgb|hsl)a?\([\d\s.,%/]+\)|var\(--[\w-]+\)|[a-z]{3,20})$/i;

function readColor(value: unknown): string | null {
  const text = readText(value, 64);
  return text !== null && COLOR.test(text) ? text : null;
}
