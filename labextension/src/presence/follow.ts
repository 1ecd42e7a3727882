/** Following as a state machine: events in, the next state and what to do out. */

import { IPerson, placeOf } from './people';
import { IPlace, samePlace } from './protocol';

export type FollowState =
  | { readonly phase: 'off' }
  | {
      readonly phase: 'following';
      readonly username: string;
      readonly name: string;
      /** The place our view was last taken to. */
      readonly at: IPlace | null;
      /** When they were last seen leaving, null while they are here. */
      readonly goneAt: number | null;
    };

export type FollowEvent =
  | { readonly type: 'start'; readonly username: string }
  | { readonly type: 'stop' }
  | { readonly type: 'people' };

/** Why a follow couldn't start or came to an end by itself. */
export type FollowNotice = 'left' | 'circle' | 'unknown';

export type FollowEffect =
  | { readonly type: 'go'; readonly place: IPlace }
  | {
      readonly type: 'notice';
      readonly reason: FollowNotice;
      readonly name: string;
    };

export interface IFollowStep {
  readonly state: FollowState;
  readonly effects: readonly FollowEffect[];
}

export interface IFollowContext {
  readonly people: readonly IPerson[];
  readonly me: string;
  readonly now: number;
}

/** How long a reload or a lost connection of theirs may take. */
export const GRACE_MS = 30_000;

export const OFF: FollowState = { phase: 'off' };

/** The next state and what follows from it. */
export function step(
  state: FollowState,
  event: FollowEvent,
  context: IFollowContext
): IFollowStep {
  switch (event.type) {
    case 'start':
      return start(event.username, context);
    case 'stop':
      return { state: OFF, effects: [] };
    case 'people':
      return state.phase === 'off'
        ? { state, effects: [] }
        : follow(state, context);
  }
}

function start(username: string, context: IFollowContext): IFollowStep {
  const person = personNamed(context.people, username);
  if (!person || username === context.me) {
    return end('unknown', username);
  }
  const name = person.user.display_name;
  if (circleThrough(username, context).length > 0) {
    return end('circle', name);
  }
  return follow(
    { phase: 'following', username, name, at: null, goneAt: null },
    context
  );
}

type Following = Extract<FollowState, { phase: 'following' }>;

function follow(state: Following, context: IFollowContext): IFollowStep {
  const person = personNamed(context.people, state.username);
  if (!person) {
    const goneAt = state.goneAt ?? context.now;
    return context.now - goneAt >= GRACE_MS
      ? end('left', state.name)
      : { state: { ...state, goneAt }, effects: [] };
  }
  // Two people may start to follow each other at the same moment: one of them gives way.
  const circle = circleThrough(state.username, context);
  if (circle.some(name => name < context.me)) {
    return end('circle', state.name);
  }
  const place = placeOf(person.presence);
  const here = { ...state, name: person.user.display_name, goneAt: null };
  if (place.path === null || (state.at && samePlace(state.at, place))) {
    return { state: here, effects: [] };
  }
  return { state: { ...here, at: place }, effects: [{ type: 'go', place }] };
}

function end(reason: FollowNotice, name: string): IFollowStep {
  return { state: OFF, effects: [{ type: 'notice', reason, name }] };
}

function personNamed(
  people: readonly IPerson[],
  username: string
): IPerson | undefined {
  return people.find(person => person.user.username === username);
}

/** The people between `username` and me if following them leads back to me, else nobody. */
function circleThrough(username: string, context: IFollowContext): string[] {
  const seen: string[] = [];
  let next: string | null = username;
  while (next !== null && next !== context.me && !seen.includes(next)) {
    seen.push(next);
    next = personNamed(context.people, next)?.presence.following ?? null;
  }
  return next === context.me ? seen : [];
}
