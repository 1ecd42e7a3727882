import { describe, expect, it } from 'vitest';

import { judgeClose } from './close-codes';

describe('judgeClose', () => {
  it.each([
    [1000, 'reconnect', 'disconnected'],
    [1006, 'reconnect', 'disconnected'],
    [4400, 'restart', 'invalid_request'],
    [4403, 'restart', 'refused'],
    [4404, 'stop', 'not_found'],
    [4408, 'reconnect', 'slow_consumer'],
    [4409, 'restart', 'lineage_changed'],
    [4413, 'restart', 'too_large'],
    [4429, 'reconnect', 'too_many'],
    [4500, 'reconnect', 'internal_error'],
    [4507, 'reconnect', 'storage_failed']
  ])('%i means %s', (code, action, id) => {
    expect(judgeClose(code, '')).toMatchObject({ action, code: id });
  });

  it('takes the server’s words', () => {
    const reason = '{"code": "locked", "message": "Lines 1 to 3 are locked"}';
    expect(judgeClose(4403, reason)).toMatchObject({
      code: 'locked',
      message: 'Lines 1 to 3 are locked'
    });
  });

  it.each([
    [
      '{"reason": "unknown_session", "reloadable": true}',
      'restart',
      'lineage_changed'
    ],
    [
      '{"reason": "version_mismatch", "reloadable": true}',
      'stop',
      'version_mismatch'
    ],
    [
      '{"reason": "initialization_error", "errorReason": "no"}',
      'reconnect',
      'internal_error'
    ],
    ['not JSON', 'reconnect', 'internal_error'],
    ['"text"', 'reconnect', 'internal_error']
  ])('reads %s of jupyter-collaboration', (reason, action, code) => {
    expect(judgeClose(1003, reason)).toMatchObject({ action, code });
  });
});
