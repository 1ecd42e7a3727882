/** What a closed websocket asks of the browser. */
import { parseObject } from './protocol';

/** The codes, ours and jupyter-collaboration's, that mean more than "the line broke". */
export const CloseCode = {
  unsupported: 1003,
  invalidRequest: 4400,
  signedOut: 4401,
  refused: 4403,
  notFound: 4404,
  slowConsumer: 4408,
  lineageChanged: 4409,
  tooLarge: 4413,
  tooMany: 4429,
  internalError: 4500,
  storageFailed: 4507
} as const;

/** The stable id of "there is nothing in the project for you any more". */
export const SHUT_OUT = 'shut_out';

/**
 * - `reconnect`: try again, not before `delayMs`.
 * - `restart`: this copy can't go on; keep unsent edits as a draft and open the document afresh.
 * - `stop`: nothing to try until the person does something.
 */
export interface IVerdict {
  action: 'reconnect' | 'restart' | 'stop';
  /** The stable id of the reason. */
  code: string;
  /** The server's own words, when it gave any. */
  message: string;
  delayMs: number;
  /** Whether a document that never loaded can be given up. */
  isFatalBeforeLoad: boolean;
}

interface IRule {
  action: IVerdict['action'];
  code: string;
  delayMs?: number;
  isFatalBeforeLoad?: boolean;
}

const RULES: ReadonlyMap<number, IRule> = new Map<number, IRule>([
  [
    CloseCode.invalidRequest,
    { action: 'restart', code: 'invalid_request', isFatalBeforeLoad: true }
  ],
  [
    CloseCode.signedOut,
    { action: 'reconnect', code: 'signed_out', delayMs: 5_000 }
  ],
  [
    CloseCode.refused,
    { action: 'restart', code: 'refused', isFatalBeforeLoad: true }
  ],
  [
    CloseCode.notFound,
    { action: 'stop', code: 'not_found', isFatalBeforeLoad: true }
  ],
  [CloseCode.slowConsumer, { action: 'reconnect', code: 'slow_consumer' }],
  [CloseCode.lineageChanged, { action: 'restart', code: 'lineage_changed' }],
  [
    CloseCode.tooLarge,
    { action: 'restart', code: 'too_large', isFatalBeforeLoad: true }
  ],
  [
    CloseCode.tooMany,
    { action: 'reconnect', code: 'too_many', delayMs: 5_000 }
  ],
  [
    CloseCode.internalError,
    {
      action: 'reconnect',
      code: 'internal_error',
      delayMs: 1_000,
      isFatalBeforeLoad: true
    }
  ],
  [
    CloseCode.storageFailed,
    { action: 'reconnect', code: 'storage_failed', delayMs: 3_000 }
  ]
]);

const LINE_BROKE: IRule = { action: 'reconnect', code: 'disconnected' };

/** Decide from a close code and its reason, which is JSON when the server chose it. */
export function judgeClose(code: number, reason: string): IVerdict {
  const body = parseObject(reason) ?? {};
  const rule =
    code === CloseCode.unsupported
      ? judgeUnsupported(body)
      : (RULES.get(code) ?? LINE_BROKE);
  return {
    action: rule.action,
    code: readString(body, 'code') || rule.code,
    message: readString(body, 'message') || readString(body, 'errorReason'),
    delayMs: rule.delayMs ?? 0,
    isFatalBeforeLoad: rule.isFatalBeforeLoad ?? false
  };
}

/** jupyter-collaboration closes with 1003 for three unlike things. */
function judgeUnsupported(body: Readonly<Record<string, unknown>>): IRule {
  switch (readString(body, 'reason')) {
    case 'version_mismatch':
      return {
        action: 'stop',
        code: 'version_mismatch',
        isFatalBeforeLoad: true
      };
    case 'unknown_session':
      return { action: 'restart', code: 'lineage_changed' };
    default:
      return {
        action: 'reconnect',
        code: 'internal_error',
        delayMs: 1_000,
        isFatalBeforeLoad: true
      };
  }
}

function readString(
  body: Readonly<Record<string, unknown>>,
  key: string
): string {
  const value = body[key];
  return typeof value === 'string' ? value : '';
}
