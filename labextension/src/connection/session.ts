import { IVerdict } from './close-codes';

const ANSWER_MS = 10_000;

export interface ISession {
  /** `format:type:file id`. */
  room: string;
  lineage: string;
}

/** The session couldn't be opened for a reason that the server gave. */
export class SessionError extends Error {
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message);
    this.name = 'SessionError';
  }
}

/** The line broke, nobody said why. */
export const LINE_BROKE: IVerdict = {
  action: 'reconnect',
  code: 'disconnected',
  message: '',
  delayMs: 0,
  isFatalBeforeLoad: false
};

/** The document began anew on the server; this copy can't be merged. */
export const LINEAGE_CHANGED: IVerdict = {
  action: 'restart',
  code: 'lineage_changed',
  message: '',
  delayMs: 0,
  isFatalBeforeLoad: false
};

/**
 * Ask for a document's session; rejects with SessionError, a network error or when nobody answers.
 *
 * @param known - the session it had: another file may have taken the path since, the room stays.
 */
export async function findSession(
  open: () => Promise<ISession>,
  known: ISession | null
): Promise<ISession> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('No answer')), ANSWER_MS);
  });
  try {
    const session = await Promise.race([open(), late]);
    return known && session.room !== known.room ? known : session;
  } catch (error) {
    if (known && error instanceof SessionError && error.status === 404) {
      return known;
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What to do when no session could be opened. */
export function judgeSessionError(error: unknown): IVerdict {
  if (!(error instanceof SessionError)) {
    return { ...LINE_BROKE };
  }
  const isSignedOut = error.status === 401 || error.status === 403;
  const code = isSignedOut
    ? 'signed_out'
    : error.status === 404
      ? 'not_found'
      : 'internal_error';
  return {
    action: 'reconnect',
    code,
    message: error.message,
    delayMs: isSignedOut ? 5_000 : 1_000,
    isFatalBeforeLoad: error.status < 500
  };
}
