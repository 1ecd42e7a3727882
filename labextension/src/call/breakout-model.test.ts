import { describe, expect, it } from 'vitest';

import {
  namesFor,
  seatingOf,
  seatsOf,
  secondsUntil,
  teamsOf,
  unassigned
} from './breakout-model';
import { IRoom } from './call-model';
import { ICaller } from './protocol';

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

const ROOM: IRoom = {
  you: caller('zoe', { rights: ['moderate'] }),
  people: [
    caller('cem'),
    caller('ada', { place: 'b1' }),
    caller('ada-2', { person_id: 'ada', place: 'b1' }),
    caller('zoe-2', { person_id: 'zoe' }),
    caller('tom', { place: 'b1', rights: ['moderate'] }),
    caller('ben', { hand_raised_at: 3 })
  ],
  waiting: [],
  breakoutRooms: [
    { id: 'b1', name: 'Left', assigned: ['ada', 'gone'] },
    { id: 'b2', name: 'Right', assigned: ['ben'] }
  ],
  areBreakoutsOpen: true,
  closingAt_ms: null,
  broadcasts: [],
  isLocked: false,
  hasLobby: false,
  isRecorded: false
};

const ids = (seats: readonly { personId: string }[]): string[] =>
  seats.map(({ personId }) => personId);

describe('breakout rooms', () => {
  it('have everybody once, by name, and not me', () => {
    expect(ids(seatsOf(ROOM))).toEqual(['ada', 'ben', 'cem', 'tom']);
  });

  it('have those who belong there and those who visit', () => {
    const [left, right] = seatingOf(ROOM);
    expect([ids(left.seats), ids(left.visitors)]).toEqual([['ada'], ['tom']]);
    expect([ids(right.seats), ids(right.visitors)]).toEqual([['ben'], []]);
    expect(right.seats[0]).toMatchObject({ place: '', isHandUp: true });
  });

  it('leave out who has none, but nobody who leads', () => {
    expect(ids(unassigned(ROOM))).toEqual(['cem']);
  });

  it('are made of teams: of each person the first, and only who is here', () => {
    const teams = [
      { name: 'red', members: ['ben', 'gone', 'tom'] },
      { name: 'blue', members: ['ben', 'cem'] }
    ];
    expect(teamsOf(ROOM, teams)).toEqual({ ben: 'red', cem: 'blue' });
  });

  it.each([
    [3, ['A', 'Room 2', 'Room 3']],
    [1, ['A']],
    [0, ['A']],
    [Number.NaN, ['A']],
    [2.9, ['A', 'Room 2']]
  ])('are named when there are %d of them', (count, names) => {
    expect(namesFor(['A'], count, number => `Room ${number}`)).toEqual(names);
  });

  it('are no more than a server takes', () => {
    expect(namesFor([], 1000, String)).toHaveLength(50);
  });

  it.each([
    [1000, 30],
    [1001, 30],
    [30900, 1],
    [31000, 0],
    [99000, 0]
  ])('are open at %d for so many seconds: %d', (now, left) => {
    expect(secondsUntil(31000, now)).toBe(left);
  });
});
