/** Who belongs to which breakout room and where they are, as a moderator sees it. */

import { IRoom, may } from './call-model';
import { IBreakoutRoom, ICaller } from './protocol';

/** The place of everybody who is in no breakout room. */
export const MAIN_ROOM = '';

/** As many rooms as a server takes. */
export const MOST_ROOMS = 50;

/** Somebody in the call, once, with however many windows they are there. */
export interface ISeat {
  readonly personId: string;
  readonly name: string;
  /** The room that they are assigned to. */
  readonly roomId: string;
  /** The room that they are in; the main room while the rooms are closed. */
  readonly place: string;
  readonly isModerator: boolean;
  readonly isHandUp: boolean;
}

/** A breakout room with those who belong there, and moderators who visit it. */
export interface ISeating {
  readonly room: IBreakoutRoom;
  readonly seats: readonly ISeat[];
  readonly visitors: readonly ISeat[];
}

/** Everybody but me, by name. */
export function seatsOf(room: IRoom): readonly ISeat[] {
  const seats = new Map<string, ISeat>();
  for (const caller of room.people) {
    const { person_id: personId } = caller;
    if (personId !== room.you.person_id && !seats.has(personId)) {
      seats.set(personId, seatOf(room, caller));
    }
  }
  return [...seats.values()].sort((a, b) => a.name.localeCompare(b.name));
}

export function seatingOf(room: IRoom): readonly ISeating[] {
  const seats = seatsOf(room);
  return room.breakoutRooms.map(each => ({
    room: each,
    seats: seats.filter(({ roomId }) => roomId === each.id),
    visitors: seats.filter(
      ({ roomId, place }) => place === each.id && roomId !== each.id
    )
  }));
}

/** Those who belong to no room. Who leads the call belongs everywhere. */
export function unassigned(room: IRoom): readonly ISeat[] {
  return seatsOf(room).filter(
    ({ roomId, isModerator }) => roomId === MAIN_ROOM && !isModerator
  );
}

/** So many names, those that are there already first. */
export function namesFor(
  names: readonly string[],
  count: number,
  nameOf: (number: number) => string
): readonly string[] {
  const wanted = Math.min(Math.max(1, Math.floor(count) || 1), MOST_ROOMS);
  return Array.from(
    { length: wanted },
    (_, index) => names[index] ?? nameOf(index + 1)
  );
}

/** A group of the project, whose members make a team. */
export interface ITeam {
  readonly name: string;
  readonly members: readonly string[];
}

/** The team of each person here who isn't a moderator: the first that they are in. */
export function teamsOf(
  room: IRoom,
  teams: readonly ITeam[]
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { personId, isModerator } of seatsOf(room)) {
    const team = teams.find(({ members }) => members.includes(personId));
    if (team && !isModerator) {
      found[personId] = team.name;
    }
  }
  return found;
}

/** The whole seconds that are left until a time. */
export function secondsUntil(time_ms: number, now_ms: number): number {
  return Math.max(0, Math.ceil((time_ms - now_ms) / 1000));
}

function seatOf(room: IRoom, caller: ICaller): ISeat {
  const { person_id: personId, display_name: name, place } = caller;
  const mine = room.breakoutRooms.find(({ assigned }) =>
    assigned.includes(personId)
  );
  return {
    personId,
    name,
    place,
    roomId: mine?.id ?? MAIN_ROOM,
    isModerator: may(caller, 'moderate'),
    isHandUp: caller.hand_raised_at !== null
  };
}
