/** What the person sees of a document's line. */

/** An edit that isn't acknowledged by then is shown as "saving" and put on this computer. */
export const SLOW_MS = 250;
/** Without an answer for so long, ask; without one to that either, the line is dead. */
export const SILENT_MS = 3_000;
/** "Saved" is said for so long after the last edit, then it goes without saying. */
const SAVED_MS = 4_000;

/**
 * - `connecting`: the document hasn't been loaded yet.
 * - `live`: everybody's edits are here, mine are there.
 * - `saving`: edits are on their way.
 * - `saved`: as live, right after edits.
 * - `unsaved`: the server has the edits, but can't bring the document's file in step.
 * - `offline`: no line; edits stay on this computer.
 * - `refused`: the server doesn't take this document's edits.
 */
export type LinkState =
  | 'connecting'
  | 'live'
  | 'saving'
  | 'saved'
  | 'unsaved'
  | 'offline'
  | 'refused';

export interface ILinkStatus {
  state: LinkState;
  /** Why, as a stable id (see close-codes), when offline or refused. */
  code: string;
  /** The server's words for it, if any, when offline, refused or unsaved. */
  message: string;
  /** Edits that the server hasn't acknowledged. */
  hasUnsent: boolean;
  /** Edits that aren't kept anywhere but in this tab. */
  hasUnkept: boolean;
}

export const CONNECTING: ILinkStatus = {
  state: 'connecting',
  code: '',
  message: '',
  hasUnsent: false,
  hasUnkept: false
};

/** What a state is read from; times are milliseconds of one clock. */
export interface ILinkFacts {
  isRefused: boolean;
  isSynced: boolean;
  /** It was in sync once, or there is a reason why it isn't. */
  hasBeenHeard: boolean;
  /** The server has been asked for a sign of life and hasn't given it. */
  isAsking: boolean;
  /** When the oldest edit that waits was made. */
  oldestAt: number | null;
  editedAt: number | null;
  /** The server can't write the file, or read what somebody else made of it. */
  hasSaveProblem: boolean;
}

export function readState(facts: ILinkFacts, now: number): LinkState {
  if (facts.isRefused) {
    return 'refused';
  }
  if (!facts.isSynced) {
    return facts.hasBeenHeard ? 'offline' : 'connecting';
  }
  const waitedMs = facts.oldestAt === null ? 0 : now - facts.oldestAt;
  if (waitedMs > SILENT_MS + SLOW_MS && facts.isAsking) {
    return 'offline';
  }
  if (facts.hasSaveProblem) {
    return 'unsaved';
  }
  if (waitedMs > SLOW_MS) {
    return 'saving';
  }
  const wasEditedLately =
    facts.editedAt !== null && now - facts.editedAt < SAVED_MS;
  return wasEditedLately ? 'saved' : 'live';
}

export function isSameStatus(one: ILinkStatus, other: ILinkStatus): boolean {
  return (
    one.state === other.state &&
    one.code === other.code &&
    one.message === other.message &&
    one.hasUnsent === other.hasUnsent &&
    one.hasUnkept === other.hasUnkept
  );
}
