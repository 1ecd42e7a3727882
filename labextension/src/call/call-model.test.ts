import { describe, expect, it } from 'vitest';

import {
  applyMessage,
  IRoom,
  isSilent,
  may,
  nameOf,
  peopleHere,
  placeName,
  putAway,
  raisedHands,
  screensOf
} from './call-model';
import { ICaller, ServerMessage } from './protocol';

function caller(id: string, change: Partial<ICaller> = {}): ICaller {
  return {
    member_id: id,
    person_id: id,
    display_name: id.toUpperCase(),
    rights: ['speak'],
    place: '',
    quality: 'good',
    hand_raised_at: null,
    tracks: [],
    ...change
  };
}

const ENTRY: ServerMessage = {
  type: 'room',
  you: caller('me'),
  people: [caller('ada')],
  waiting: [],
  breakout_rooms: [],
  are_breakouts_open: false,
  is_locked: false,
  has_lobby: false,
  is_recorded: false
};

const NOW_ms = 1000;

/** The room after these messages. */
function after(...messages: ServerMessage[]): IRoom {
  const room = [ENTRY, ...messages].reduce<IRoom | null>(
    (before, message) => applyMessage(before, message, NOW_ms),
    null
  );
  if (room === null) {
    throw new Error('there is no room');
  }
  return room;
}

const VOICE: ServerMessage = {
  type: 'track_published',
  member_id: 'ada',
  track: { id: 'voice', kind: 'microphone', is_muted: false }
};

function mute(is_muted: boolean): ServerMessage {
  return {
    type: 'track_muted',
    member_id: 'ada',
    track_id: 'voice',
    is_muted,
    by: 'ada'
  };
}

describe('a call', () => {
  it('knows how good the connections of the others are', () => {
    const room = after({
      type: 'quality_changed',
      member_id: 'ada',
      quality: 'weak'
    });
    expect(room.people[0].quality).toBe('weak');
    expect(room.you.quality).toBe('good');
  });

  it('has nobody before one is in', () => {
    expect(
      applyMessage(
        null,
        { type: 'person_joined', person: caller('ada') },
        NOW_ms
      )
    ).toBeNull();
  });

  it('has people come and go, and everybody once', () => {
    const room = after(
      { type: 'person_joined', person: caller('ben') },
      { type: 'person_joined', person: caller('ada') }
    );
    expect(room.people.map(({ member_id }) => member_id)).toEqual([
      'ada',
      'ben'
    ]);
    const left = applyMessage(
      room,
      { type: 'person_left', member_id: 'ada' },
      NOW_ms
    );
    expect(left?.people.map(({ member_id }) => member_id)).toEqual(['ben']);
  });

  it.each<[string, boolean, ServerMessage[]]>([
    ['without a microphone', true, []],
    ['with a microphone', false, [VOICE]],
    ['muted', true, [VOICE, mute(true)]],
    ['muted no longer', false, [VOICE, mute(true), mute(false)]],
    [
      'without the right to speak',
      true,
      [
        VOICE,
        { type: 'track_ended', member_id: 'ada', track_id: 'voice', by: '' }
      ]
    ]
  ])('knows whether somebody is silent: %s', (_, silent, messages) => {
    expect(isSilent(after(...messages).people[0])).toBe(silent);
  });

  it('shows each screen of the others', () => {
    const screen = (id: string, member_id: string): ServerMessage => ({
      type: 'track_published',
      member_id,
      track: { id, kind: 'screen', is_muted: false }
    });
    const room = after(
      screen('s1', 'ada'),
      screen('s2', 'ada'),
      screen('s3', 'me')
    );
    expect(screensOf(room).map(({ track }) => track.id)).toEqual(['s1', 's2']);
  });

  it('puts the first hand first, mine too', () => {
    const room = after(
      { type: 'person_changed', person: caller('me', { hand_raised_at: 2 }) },
      { type: 'person_joined', person: caller('ben', { hand_raised_at: 1 }) }
    );
    expect(raisedHands(room)).toEqual(['ben', 'me']);
  });

  it('follows what I may do', () => {
    const room = after({ type: 'rights_changed', rights: ['moderate'] });
    expect(may(room.you, 'speak')).toBe(false);
    expect(may(room.you, 'moderate')).toBe(true);
  });

  it('has a lobby that one leaves', () => {
    const room = after({ type: 'person_waiting', person: caller('zoe') });
    expect(nameOf(room, 'zoe')).toBe('ZOE');
    const none = applyMessage(
      room,
      { type: 'person_stopped_waiting', member_id: 'zoe' },
      NOW_ms
    );
    expect(none?.waiting).toEqual([]);
  });

  it('has people here and elsewhere, for who leads it', () => {
    const hand = { place: 'b1', hand_raised_at: 1 };
    const room = after({ type: 'person_joined', person: caller('ben', hand) });
    expect(peopleHere(room).map(({ member_id }) => member_id)).toEqual(['ada']);
    expect(raisedHands(room)).toEqual([]);
  });

  const OPEN: ServerMessage = {
    type: 'breakouts_changed',
    breakout_rooms: [{ id: 'b1', name: 'Left', assigned: ['me'] }],
    are_open: true
  };
  const IN_ROOM: ServerMessage = {
    ...ENTRY,
    you: caller('me', { place: 'b1' }),
    breakout_rooms: [{ id: 'b1', name: 'Left', assigned: ['me'] }],
    are_breakouts_open: true
  };

  it('knows which room I am in', () => {
    expect(placeName(after(OPEN))).toBe('');
    expect(placeName(after(OPEN, IN_ROOM))).toBe('Left');
  });

  it('counts down until rooms close, wherever I go', () => {
    const closing: ServerMessage = { type: 'breakouts_closing', in_s: 30 };
    expect(after(OPEN, closing, IN_ROOM).closingAt_ms).toBe(31000);
    expect(after(OPEN, closing, ENTRY).closingAt_ms).toBeNull();
    expect(
      after(OPEN, closing, { ...closing, in_s: null }).closingAt_ms
    ).toBeNull();
    expect(
      after(OPEN, closing, { ...OPEN, are_open: false }).closingAt_ms
    ).toBeNull();
  });

  it('keeps what was said to all rooms until it is put away', () => {
    const said = (text: string, by = 'zoe'): ServerMessage => ({
      type: 'broadcast',
      by,
      display_name: 'Zoe',
      text
    });
    const room = after(said('1'), said('2'), said('mine', 'me'), IN_ROOM);
    expect(room.broadcasts.map(({ text }) => text)).toEqual(['1', '2']);
    const left = putAway(room, room.broadcasts[0].number);
    expect(left.broadcasts.map(({ text }) => text)).toEqual(['2']);
    const many = after(...['1', '2', '3', '4'].map(text => said(text)));
    expect(many.broadcasts.map(({ text }) => text)).toEqual(['2', '3', '4']);
  });

  it('is as the newest view of it', () => {
    const room = after(VOICE, { ...ENTRY, people: [], is_locked: true });
    expect(room.people).toEqual([]);
    expect(room.isLocked).toBe(true);
  });
});
