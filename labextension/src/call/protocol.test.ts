import { describe, expect, it } from 'vitest';

import { readMessage } from './protocol';

const ADA = {
  member_id: 'm1',
  person_id: 'ada',
  display_name: 'Ada Lovelace',
  rights: ['speak', 'fly', 'moderate'],
  place: '',
  quality: 'good',
  hand_raised_at: null,
  tracks: [{ id: 't1', kind: 'camera', is_muted: false }]
};

const ROOM = {
  type: 'room',
  you: ADA,
  people: [],
  waiting: [],
  breakout_rooms: [],
  are_breakouts_open: false,
  is_locked: false,
  has_lobby: true,
  is_recorded: false
};

function read(message: unknown): ReturnType<typeof readMessage> {
  return readMessage(JSON.stringify(message));
}

describe('readMessage', () => {
  it('reads a room, and of the rights those that it knows', () => {
    expect(read(ROOM)).toMatchObject({
      type: 'room',
      has_lobby: true,
      you: { display_name: 'Ada Lovelace', rights: ['speak', 'moderate'] }
    });
  });

  it('takes a quality that it doesn’t know for no bad one', () => {
    const room = { ...ROOM, you: { ...ADA, quality: 'splendid' } };
    expect(read(room)).toMatchObject({ you: { quality: 'good' } });
  });

  it('reads an error with and without a number', () => {
    const error = { type: 'error', code: 'refused', message: 'No.' };
    expect(read(error)).toEqual({ ...error, id: null });
    expect(read({ ...error, id: 7 })).toEqual({ ...error, id: 7 });
  });

  it.each([
    'no JSON',
    '',
    'null',
    '[]',
    '"room"',
    '{}',
    '{"type":7}',
    '{"type":"dance"}'
  ])('takes %s for no message', text => {
    expect(readMessage(text)).toBeNull();
  });

  it.each([
    ['you', null],
    ['you', { ...ADA, display_name: 7 }],
    ['you', { ...ADA, tracks: [{ id: 't', kind: 'smell', is_muted: false }] }],
    ['people', [null]],
    ['people', {}],
    ['waiting', 'nobody'],
    ['is_locked', 'no'],
    ['breakout_rooms', [{ id: 'b1', name: 7, assigned: [] }]],
    ['are_breakouts_open', undefined]
  ])('takes a room whose %s is %j for no message', (field, value) => {
    expect(read({ ...ROOM, [field]: value })).toBeNull();
  });

  it('reads when breakout rooms close, and that they do not', () => {
    const closing = { type: 'breakouts_closing', in_s: 12.5 };
    expect(read(closing)).toEqual(closing);
    expect(read({ ...closing, in_s: null })).toEqual({
      ...closing,
      in_s: null
    });
    expect(read({ ...closing, in_s: 'soon' })).toBeNull();
  });

  it('takes an offer whose track ids are no texts for no message', () => {
    const offer = {
      type: 'subscribe',
      connection: 1,
      sdp: 'v=0',
      tracks: { '0': 't1' }
    };
    expect(read(offer)).toEqual(offer);
    expect(read({ ...offer, tracks: { '0': 1 } })).toBeNull();
  });
});
