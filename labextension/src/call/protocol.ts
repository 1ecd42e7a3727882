/** Messages of a call, as docs/calls-protocol.md has them. */

export const VERSION = 1;

export const TRACK_KINDS = [
  'microphone',
  'camera',
  'screen',
  'screen_sound'
] as const;
export type TrackKind = (typeof TRACK_KINDS)[number];

const RIGHTS = ['speak', 'share_screen', 'moderate', 'record'] as const;
export type Right = (typeof RIGHTS)[number];

const QUALITIES = ['good', 'weak', 'bad'] as const;
/** How good a connection is. */
export type Quality = (typeof QUALITIES)[number];

export interface ITrack {
  readonly id: string;
  readonly kind: TrackKind;
  readonly is_muted: boolean;
}

/** Somebody in the call. Who is there with two browsers is there twice. */
export interface ICaller {
  readonly member_id: string;
  readonly person_id: string;
  readonly display_name: string;
  readonly rights: readonly Right[];
  /** The id of the breakout room that they are in; empty outside of any. */
  readonly place: string;
  /** Who raised theirs first has the smallest. */
  readonly hand_raised_at: number | null;
  /** Of their connection, as the server measures it. */
  readonly quality: Quality;
  readonly tracks: readonly ITrack[];
}

/** What passes in a moment and changes nothing of the room. */
export type PassingMessage =
  | {
      readonly type: 'reaction';
      readonly member_id: string;
      readonly emoji: string;
    }
  | {
      readonly type: 'pointed';
      readonly member_id: string;
      readonly track_id: string;
      /** Shares of the screen's width and height. */
      readonly x: number;
      readonly y: number;
    }
  | {
      readonly type: 'captioned';
      readonly member_id: string;
      readonly text: string;
      /** One that isn't is replaced by the next. */
      readonly is_final: boolean;
    };

export interface IBreakoutRoom {
  readonly id: string;
  readonly name: string;
  /** The person ids of who belongs there, as far as one may know. */
  readonly assigned: readonly string[];
}

export type ServerMessage =
  | {
      readonly type: 'welcome';
      readonly member_id: string;
      /** What I come back with when the websocket breaks. */
      readonly session: string;
      /** Whether I just came back. */
      readonly is_resumed: boolean;
      /** The number of the connection that I publish on; 0 for none. */
      readonly publishing: number;
    }
  | { readonly type: 'done'; readonly id: number }
  | {
      readonly type: 'error';
      readonly id: number | null;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly type: 'published';
      readonly id: number;
      readonly connection: number;
      readonly sdp: string;
      readonly tracks: Readonly<Record<string, string>>;
    }
  | {
      readonly type: 'media_socket';
      readonly id: number;
      readonly key: string;
    }
  | {
      readonly type: 'frames_published';
      readonly id: number;
      readonly tracks: Readonly<Record<string, string>>;
    }
  | {
      readonly type: 'subscribe';
      /** Another number than before wants a new connection. */
      readonly connection: number;
      readonly sdp: string;
      readonly tracks: Readonly<Record<string, string>>;
    }
  | {
      readonly type: 'room';
      readonly you: ICaller;
      readonly people: readonly ICaller[];
      readonly waiting: readonly ICaller[];
      readonly breakout_rooms: readonly IBreakoutRoom[];
      readonly are_breakouts_open: boolean;
      readonly is_locked: boolean;
      readonly has_lobby: boolean;
      readonly is_recorded: boolean;
    }
  | { readonly type: 'wait_in_lobby' }
  | { readonly type: 'person_waiting'; readonly person: ICaller }
  | { readonly type: 'person_stopped_waiting'; readonly member_id: string }
  | { readonly type: 'person_joined'; readonly person: ICaller }
  | { readonly type: 'person_changed'; readonly person: ICaller }
  | { readonly type: 'person_left'; readonly member_id: string }
  | {
      readonly type: 'track_published';
      readonly member_id: string;
      readonly track: ITrack;
    }
  | {
      readonly type: 'track_muted';
      readonly member_id: string;
      readonly track_id: string;
      readonly is_muted: boolean;
      readonly by: string;
    }
  | {
      readonly type: 'track_ended';
      readonly member_id: string;
      readonly track_id: string;
      readonly by: string;
    }
  | {
      readonly type: 'quality_changed';
      readonly member_id: string;
      readonly quality: Quality;
    }
  | PassingMessage
  | { readonly type: 'rights_changed'; readonly rights: readonly Right[] }
  | { readonly type: 'removed'; readonly by: string }
  | {
      readonly type: 'room_changed';
      readonly is_locked: boolean;
      readonly has_lobby: boolean;
      readonly is_recorded: boolean;
    }
  | {
      readonly type: 'recording_ended';
      readonly reason: string;
      /** The file in the project; empty when it isn't there. */
      readonly path: string;
    }
  | {
      readonly type: 'breakouts_changed';
      readonly breakout_rooms: readonly IBreakoutRoom[];
      readonly are_open: boolean;
    }
  | {
      readonly type: 'breakouts_closing';
      /** Null when they stay open after all. */
      readonly in_s: number | null;
    }
  | {
      readonly type: 'broadcast';
      readonly by: string;
      readonly display_name: string;
      readonly text: string;
    };

export type ClientMessage =
  | {
      readonly type: 'publish';
      /** Of my tracks that go on over this connection, the ids, by mid. */
      readonly goes_on: Readonly<Record<string, string>>;
      readonly sdp: string;
      readonly tracks: Readonly<Record<string, TrackKind>>;
    }
  | {
      readonly type: 'subscribed';
      readonly connection: number;
      readonly sdp: string;
    }
  | { readonly type: 'leave' | 'use_udp' }
  | { readonly type: 'restart'; readonly connection: number }
  | {
      readonly type: 'use_websocket';
      readonly codecs: readonly string[];
    }
  | {
      readonly type: 'publish_frames';
      /** Of my tracks that go on over this media socket, the ids, by number. */
      readonly goes_on: Readonly<Record<string, string>>;
      readonly tracks: Readonly<Record<string, TrackKind>>;
    }
  | {
      readonly type: 'set_muted';
      readonly track_id: string;
      readonly is_muted: boolean;
    }
  | {
      readonly type: 'mute' | 'end_track';
      readonly member_id: string;
      readonly track_id: string;
    }
  | { readonly type: 'mute_all' }
  | { readonly type: 'react'; readonly emoji: string }
  | {
      readonly type: 'point';
      readonly track_id: string;
      readonly x: number;
      readonly y: number;
    }
  | {
      readonly type: 'caption';
      readonly text: string;
      readonly is_final: boolean;
    }
  | { readonly type: 'raise_hand'; readonly is_raised: boolean }
  | {
      readonly type: 'lower_hand' | 'admit' | 'remove';
      readonly member_id: string;
    }
  | { readonly type: 'set_locked'; readonly is_locked: boolean }
  | { readonly type: 'set_lobby'; readonly has_lobby: boolean }
  | { readonly type: 'record'; readonly is_recording: boolean }
  | { readonly type: 'plan_breakouts'; readonly names: readonly string[] }
  | {
      readonly type: 'assign';
      readonly person_id: string;
      readonly place: string;
    }
  | { readonly type: 'assign_at_random' | 'open_breakouts' }
  | {
      readonly type: 'assign_by_team';
      /** The team of each person id. */
      readonly teams: Readonly<Record<string, string>>;
    }
  | { readonly type: 'close_breakouts'; readonly in_s: number }
  | { readonly type: 'visit'; readonly place: string }
  | { readonly type: 'broadcast'; readonly text: string };

export function isPassing(message: ServerMessage): message is PassingMessage {
  return ['reaction', 'pointed', 'captioned'].includes(message.type);
}

/** What the server gives who may join: the token is good for one connection, within a minute. */
export interface ITicket {
  readonly version: number;
  readonly project: string;
  readonly room: string;
  readonly token: string;
  /** By which a browser reaches the server where it can't directly. */
  readonly ice_servers?: readonly RTCIceServer[];
  /** How this server has sound and pictures go. */
  readonly media?: 'auto' | 'udp' | 'websocket';
}

/** What is in a frame of the server; null for what isn't a message that is known here. */
export function readMessage(text: string): ServerMessage | null {
  try {
    return messageOf(new Fields(JSON.parse(text)));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NotAMessage) {
      return null;
    }
    throw error;
  }
}

function messageOf(fields: Fields): ServerMessage | null {
  const type = fields.text('type');
  switch (type) {
    case 'welcome':
      return {
        type,
        member_id: fields.text('member_id'),
        session: fields.text('session'),
        is_resumed: fields.boolean('is_resumed'),
        publishing: fields.number('publishing')
      };
    case 'person_stopped_waiting':
    case 'person_left':
      return { type, member_id: fields.text('member_id') };
    case 'done':
      return { type, id: fields.number('id') };
    case 'error':
      return {
        type,
        id: fields.has('id') ? fields.number('id') : null,
        code: fields.text('code'),
        message: fields.text('message')
      };
    case 'published':
      return {
        type,
        id: fields.number('id'),
        connection: fields.number('connection'),
        ...descriptionOf(fields)
      };
    case 'media_socket':
      return { type, id: fields.number('id'), key: fields.text('key') };
    case 'frames_published':
      return {
        type,
        id: fields.number('id'),
        tracks: fields.textByName('tracks')
      };
    case 'subscribe':
      return {
        type,
        connection: fields.number('connection'),
        ...descriptionOf(fields)
      };
    case 'room':
      return {
        type,
        you: callerOf(fields.inner('you')),
        people: fields.list('people').map(callerOf),
        waiting: fields.list('waiting').map(callerOf),
        breakout_rooms: fields.list('breakout_rooms').map(breakoutOf),
        are_breakouts_open: fields.boolean('are_breakouts_open'),
        ...roomOf(fields)
      };
    case 'room_changed':
      return { type, ...roomOf(fields) };
    case 'recording_ended':
      return {
        type,
        reason: fields.text('reason'),
        path: fields.text('path')
      };
    case 'wait_in_lobby':
      return { type };
    case 'person_waiting':
    case 'person_joined':
    case 'person_changed':
      return { type, person: callerOf(fields.inner('person')) };
    case 'track_published':
      return {
        type,
        member_id: fields.text('member_id'),
        track: trackOf(fields.inner('track'))
      };
    case 'track_muted':
      return {
        type,
        ...placeOf(fields),
        is_muted: fields.boolean('is_muted')
      };
    case 'track_ended':
      return { type, ...placeOf(fields) };
    case 'quality_changed':
      return {
        type,
        member_id: fields.text('member_id'),
        quality: qualityOf(fields)
      };
    case 'reaction':
      return {
        type,
        member_id: fields.text('member_id'),
        emoji: fields.text('emoji')
      };
    case 'pointed':
      return {
        type,
        member_id: fields.text('member_id'),
        track_id: fields.text('track_id'),
        x: fields.number('x'),
        y: fields.number('y')
      };
    case 'captioned':
      return {
        type,
        member_id: fields.text('member_id'),
        text: fields.text('text'),
        is_final: fields.boolean('is_final')
      };
    case 'rights_changed':
      return { type, rights: rightsOf(fields) };
    case 'removed':
      return { type, by: fields.text('by') };
    case 'breakouts_changed':
      return {
        type,
        breakout_rooms: fields.list('breakout_rooms').map(breakoutOf),
        are_open: fields.boolean('are_open')
      };
    case 'breakouts_closing':
      return { type, in_s: fields.has('in_s') ? fields.number('in_s') : null };
    case 'broadcast':
      return {
        type,
        by: fields.text('by'),
        display_name: fields.text('display_name'),
        text: fields.text('text')
      };
    default:
      return null;
  }
}

class NotAMessage extends Error {}

/** The fields of an object that came over the wire. */
class Fields {
  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new NotAMessage();
    }
    this._fields = value as Readonly<Record<string, unknown>>;
  }

  has(name: string): boolean {
    return this._fields[name] !== undefined && this._fields[name] !== null;
  }

  text(name: string): string {
    const value = this._fields[name];
    if (typeof value !== 'string') {
      throw new NotAMessage();
    }
    return value;
  }

  number(name: string): number {
    const value = this._fields[name];
    if (typeof value !== 'number') {
      throw new NotAMessage();
    }
    return value;
  }

  boolean(name: string): boolean {
    const value = this._fields[name];
    if (typeof value !== 'boolean') {
      throw new NotAMessage();
    }
    return value;
  }

  inner(name: string): Fields {
    return new Fields(this._fields[name]);
  }

  list(name: string): Fields[] {
    return this._array(name).map(item => new Fields(item));
  }

  /** The texts of a list; what else is in it is of a newer server. */
  texts(name: string): string[] {
    return this._array(name).filter(item => typeof item === 'string');
  }

  textByName(name: string): Record<string, string> {
    const inner = this.inner(name);
    return Object.fromEntries(
      Object.keys(inner._fields).map(key => [key, inner.text(key)])
    );
  }

  private _array(name: string): unknown[] {
    const value = this._fields[name];
    if (!Array.isArray(value)) {
      throw new NotAMessage();
    }
    return value;
  }

  private readonly _fields: Readonly<Record<string, unknown>>;
}

function descriptionOf(fields: Fields): {
  sdp: string;
  tracks: Record<string, string>;
} {
  return { sdp: fields.text('sdp'), tracks: fields.textByName('tracks') };
}

function roomOf(fields: Fields): {
  is_locked: boolean;
  has_lobby: boolean;
  is_recorded: boolean;
} {
  return {
    is_locked: fields.boolean('is_locked'),
    has_lobby: fields.boolean('has_lobby'),
    is_recorded: fields.boolean('is_recorded')
  };
}

function placeOf(fields: Fields): {
  member_id: string;
  track_id: string;
  by: string;
} {
  return {
    member_id: fields.text('member_id'),
    track_id: fields.text('track_id'),
    by: fields.text('by')
  };
}

function breakoutOf(fields: Fields): IBreakoutRoom {
  return {
    id: fields.text('id'),
    name: fields.text('name'),
    assigned: fields.texts('assigned')
  };
}

function callerOf(fields: Fields): ICaller {
  return {
    member_id: fields.text('member_id'),
    person_id: fields.text('person_id'),
    display_name: fields.text('display_name'),
    rights: rightsOf(fields),
    place: fields.text('place'),
    hand_raised_at: fields.has('hand_raised_at')
      ? fields.number('hand_raised_at')
      : null,
    quality: qualityOf(fields),
    tracks: fields.list('tracks').map(trackOf)
  };
}

function trackOf(fields: Fields): ITrack {
  const kind = TRACK_KINDS.find(known => known === fields.text('kind'));
  if (kind === undefined) {
    throw new NotAMessage();
  }
  return {
    id: fields.text('id'),
    kind,
    is_muted: fields.boolean('is_muted')
  };
}

/** What is of a newer server is nothing to worry about. */
function qualityOf(fields: Fields): Quality {
  const word = fields.text('quality');
  return QUALITIES.find(known => known === word) ?? 'good';
}

function rightsOf(fields: Fields): Right[] {
  const names = fields.texts('rights');
  return RIGHTS.filter(right => names.includes(right));
}
