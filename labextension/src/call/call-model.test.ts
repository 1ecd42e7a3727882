import { describe, expect, it } from 'vitest';

import {
  applyMessage,
  IRoom,
  isSilent,
  may,
  nameOf,
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
  is_locked: false,
  has_lobby: false,
  is_recorded: false
};

/** The room after these messages. */
function after(...messages: ServerMessage[]): IRoom {
  const room = [ENTRY, ...messages].reduce<IRoom | null>(applyMessage, null);
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
  it('has nobody before one is in', () => {
    expect(
      applyMessage(null, { type: 'person_joined', person: caller('ada') })
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
    const left = applyMessage(room, { type: 'person_left', member_id: 'ada' });
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
    const none = applyMessage(room, {
      type: 'person_stopped_waiting',
      member_id: 'zoe'
    });
    expect(none?.waiting).toEqual([]);
  });

  it('is as the newest view of it', () => {
    const room = after(VOICE, { ...ENTRY, people: [], is_locked: true });
    expect(room.people).toEqual([]);
    expect(room.isLocked).toBe(true);
  });
});
