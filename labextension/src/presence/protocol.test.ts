import { describe, expect, it } from 'vitest';

import { initialsOf, readPresence, readUser } from './protocol';

describe('readPresence', () => {
  it.each([null, undefined, 'x', 3, []])('refuses %j', value => {
    expect(readPresence(value)).toBeNull();
  });

  it('reads what it knows and drops what makes no sense', () => {
    expect(
      readPresence({
        status: 'dancing',
        path: 7,
        line: -3,
        cell_index: 1.5,
        open: ['a.py', 9, 'b.py'],
        following: 'x'.repeat(500),
        in_call: 'yes'
      })
    ).toEqual({
      status: 'idle',
      path: null,
      kind: 'file',
      line: undefined,
      cell_id: undefined,
      cell_index: undefined,
      doing: 'reading',
      following: null,
      in_call: false,
      since: 0,
      open: ['a.py', 'b.py']
    });
  });

  it('bounds the list of open documents', () => {
    const open = Array.from({ length: 1000 }, (_, index) => `${index}.py`);
    expect(readPresence({ open })?.open).toHaveLength(20);
  });
});

describe('readUser', () => {
  it('needs a username', () => {
    expect(readUser({ name: 'Ada' })).toBeNull();
  });

  it.each([
    ['#ff00aa', '#ff00aa'],
    ['var(--jp-collaborator-color1)', 'var(--jp-collaborator-color1)'],
    ['rgb(1, 2, 3)', 'rgb(1, 2, 3)'],
    ['url(https://example.org)', null],
    ['red; background: url(x)', null],
    [null, null]
  ])('takes colour %s as %s', (color, expected) => {
    expect(readUser({ username: 'a', color })?.color).toBe(expected);
  });

  it('finds initials where the server gave none', () => {
    expect(readUser({ username: 'a', name: 'Ada Lovelace' })?.initials).toBe(
      'AL'
    );
  });
});

describe('initialsOf', () => {
  it.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['Ana María de la Cruz', 'AC'],
    ['😀 x', '😀X'],
    ['', '']
  ])('%s is %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});
