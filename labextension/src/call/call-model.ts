/** What is known of a call, from what its server tells. */

import {
  IBreakoutRoom,
  ICaller,
  ITrack,
  Right,
  ServerMessage,
  TrackKind
} from './protocol';

export interface IRoom {
  /** Me, as the others see me. */
  readonly you: ICaller;
  /** The others, in the order in which they came; moderators see those of all rooms. */
  readonly people: readonly ICaller[];
  /** Who waits to be let in; only moderators are told. */
  readonly waiting: readonly ICaller[];
  readonly isLocked: boolean;
  readonly hasLobby: boolean;
  readonly isRecorded: boolean;
  /** Moderators see all breakout rooms, others their own while it is open. */
  readonly breakoutRooms: readonly IBreakoutRoom[];
  readonly areBreakoutsOpen: boolean;
  /** When the breakout rooms close, by this browser's clock; null when nobody closes them. */
  readonly closingAt_ms: number | null;
  /** What was said to all rooms and isn't put away yet, the oldest first. */
  readonly broadcasts: readonly IBroadcast[];
}

/** Something that a moderator said to all rooms. */
export interface IBroadcast {
  readonly number: number;
  readonly name: string;
  readonly text: string;
}

/** As many are kept until they are put away. */
const MOST_BROADCASTS = 3;

/** The room after a message that came at a time; null before I am in it. */
export function applyMessage(
  room: IRoom | null,
  message: ServerMessage,
  now_ms: number
): IRoom | null {
  if (message.type === 'room') {
    const areBreakoutsOpen = message.are_breakouts_open;
    return {
      you: message.you,
      people: message.people,
      waiting: message.waiting,
      breakoutRooms: message.breakout_rooms,
      areBreakoutsOpen,
      // Who changes rooms gets a new view, which says nothing of these.
      closingAt_ms: areBreakoutsOpen ? (room?.closingAt_ms ?? null) : null,
      broadcasts: room?.broadcasts ?? [],
      ...roomFacts(message)
    };
  }
  return room && change(room, message, now_ms);
}

/** The room once a broadcast was put away. */
export function putAway(room: IRoom, number: number): IRoom {
  const broadcasts = room.broadcasts.filter(each => each.number !== number);
  return { ...room, broadcasts };
}

function change(room: IRoom, message: ServerMessage, now_ms: number): IRoom {
  switch (message.type) {
    case 'breakouts_changed':
      return {
        ...room,
        breakoutRooms: message.breakout_rooms,
        areBreakoutsOpen: message.are_open,
        closingAt_ms: message.are_open ? room.closingAt_ms : null
      };
    case 'breakouts_closing':
      return {
        ...room,
        closingAt_ms:
          message.in_s === null ? null : now_ms + message.in_s * 1000
      };
    case 'broadcast':
      // What I said myself, I know.
      return message.by === room.you.member_id
        ? room
        : { ...room, broadcasts: withBroadcast(room.broadcasts, message) };
    case 'room_changed':
      return { ...room, ...roomFacts(message) };
    case 'person_waiting':
      return { ...room, waiting: put(room.waiting, message.person) };
    case 'person_stopped_waiting':
      return { ...room, waiting: without(room.waiting, message.member_id) };
    case 'person_joined':
    case 'person_changed':
      return message.person.member_id === room.you.member_id
        ? { ...room, you: message.person }
        : { ...room, people: put(room.people, message.person) };
    case 'quality_changed':
      return changeCaller(room, message.member_id, caller => ({
        ...caller,
        quality: message.quality
      }));
    case 'person_left':
      return { ...room, people: without(room.people, message.member_id) };
    case 'rights_changed':
      return { ...room, you: { ...room.you, rights: message.rights } };
    case 'track_published':
      return changeTracks(room, message.member_id, tracks => [
        ...tracks.filter(({ id }) => id !== message.track.id),
        message.track
      ]);
    case 'track_muted':
      return changeTracks(room, message.member_id, tracks =>
        tracks.map(track =>
          track.id === message.track_id
            ? { ...track, is_muted: message.is_muted }
            : track
        )
      );
    case 'track_ended':
      return changeTracks(room, message.member_id, tracks =>
        tracks.filter(({ id }) => id !== message.track_id)
      );
    default:
      return room;
  }
}

/** Those who are where I am: who leads the call sees people of other rooms, too. */
export function peopleHere(room: IRoom): readonly ICaller[] {
  return room.people.filter(({ place }) => place === room.you.place);
}

/** What the breakout room is called that I am in; empty in the main room. */
export function placeName(room: IRoom | null): string {
  const place = room?.you.place;
  return room?.breakoutRooms.find(({ id }) => id === place)?.name ?? '';
}

/** Whether somebody may do something in the call. */
export function may(caller: ICaller | undefined, right: Right): boolean {
  return caller?.rights.includes(right) ?? false;
}

/** The track of a kind that somebody sends, if any. */
export function trackOf(caller: ICaller, kind: TrackKind): ITrack | undefined {
  return caller.tracks.find(track => track.kind === kind);
}

/** Whether nobody hears somebody: they are muted, or have no microphone on. */
export function isSilent(caller: ICaller): boolean {
  return trackOf(caller, 'microphone')?.is_muted ?? true;
}

/** The members whose hands are up, who raised theirs first in front. */
export function raisedHands(room: IRoom): readonly string[] {
  return [room.you, ...peopleHere(room)]
    .filter(caller => caller.hand_raised_at !== null)
    .sort((a, b) => (a.hand_raised_at ?? 0) - (b.hand_raised_at ?? 0))
    .map(caller => caller.member_id);
}

/** A screen that somebody else shows. */
export interface IShownScreen {
  readonly caller: ICaller;
  readonly track: ITrack;
}

export function screensOf(room: IRoom): readonly IShownScreen[] {
  return peopleHere(room).flatMap(caller =>
    caller.tracks
      .filter(({ kind }) => kind === 'screen')
      .map(track => ({ caller, track }))
  );
}

/** The name of a member, also of one who waits; null for somebody who is gone. */
export function nameOf(room: IRoom | null, memberId: string): string | null {
  return (
    [...(room?.people ?? []), ...(room?.waiting ?? [])].find(
      caller => caller.member_id === memberId
    )?.display_name ?? null
  );
}

function withBroadcast(
  broadcasts: readonly IBroadcast[],
  { display_name, text }: { display_name: string; text: string }
): readonly IBroadcast[] {
  const number = (broadcasts.at(-1)?.number ?? 0) + 1;
  return [...broadcasts, { number, name: display_name, text }].slice(
    -MOST_BROADCASTS
  );
}

function roomFacts(message: {
  is_locked: boolean;
  has_lobby: boolean;
  is_recorded: boolean;
}): Pick<IRoom, 'isLocked' | 'hasLobby' | 'isRecorded'> {
  return {
    isLocked: message.is_locked,
    hasLobby: message.has_lobby,
    isRecorded: message.is_recorded
  };
}

function put(callers: readonly ICaller[], caller: ICaller): ICaller[] {
  const isHere = callers.some(
    ({ member_id }) => member_id === caller.member_id
  );
  return isHere
    ? callers.map(known =>
        known.member_id === caller.member_id ? caller : known
      )
    : [...callers, caller];
}

function without(callers: readonly ICaller[], memberId: string): ICaller[] {
  return callers.filter(({ member_id }) => member_id !== memberId);
}

function changeTracks(
  room: IRoom,
  memberId: string,
  changed: (tracks: readonly ITrack[]) => readonly ITrack[]
): IRoom {
  return changeCaller(room, memberId, caller => ({
    ...caller,
    tracks: changed(caller.tracks)
  }));
}

function changeCaller(
  room: IRoom,
  memberId: string,
  changed: (caller: ICaller) => ICaller
): IRoom {
  const alter = (caller: ICaller): ICaller =>
    caller.member_id === memberId ? changed(caller) : caller;
  return { ...room, you: alter(room.you), people: room.people.map(alter) };
}
