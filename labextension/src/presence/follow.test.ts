import { describe, expect, it } from 'vitest';

import {
  FollowState,
  GRACE_MS,
  IFollowContext,
  IFollowStep,
  OFF,
  step
} from './follow';
import { mergePeople, readClient } from './people';

type Told = Record<
  string,
  { path?: string; line?: number; following?: string }
>;

function context(told: Told, me = 'Bo', now = 0): IFollowContext {
  const clients = Object.entries(told).map(([username, presence], index) =>
    readClient(
      index,
      { user: { username }, codesyncx: { status: 'active', ...presence } },
      0
    )
  );
  return {
    people: mergePeople(
      clients.filter(client => client !== null),
      me
    ),
    me,
    now
  };
}

function begin(told: Told, me = 'Bo'): IFollowStep {
  return step(OFF, { type: 'start', username: 'Ada' }, context(told, me));
}

function see(state: FollowState, told: Told, now = 0, me = 'Bo'): IFollowStep {
  return step(state, { type: 'people' }, context(told, me, now));
}

const HERE: Told = { Ada: { path: 'a.py', line: 3 }, Bo: {} };

describe('following', () => {
  it('goes to where they are at once', () => {
    const { state, effects } = begin(HERE);
    expect(state).toMatchObject({ phase: 'following', username: 'Ada' });
    expect(effects).toMatchObject([
      { type: 'go', place: { path: 'a.py', line: 3 } }
    ]);
  });

  it('goes along when they move, across files, and only then', () => {
    let { state, effects } = see(begin(HERE).state, HERE);
    expect(effects).toEqual([]);
    ({ state, effects } = see(state, {
      Ada: { path: 'b.py', line: 9 },
      Bo: {}
    }));
    expect(effects).toMatchObject([{ place: { path: 'b.py', line: 9 } }]);
    expect(see(state, { Ada: {}, Bo: {} }).effects).toEqual([]);
  });

  it('survives their reload', () => {
    let { state } = see(begin(HERE).state, { Bo: {} }, 1000);
    expect(state).toMatchObject({ phase: 'following', goneAt: 1000 });
    ({ state } = see(state, HERE, 1000 + GRACE_MS - 1));
    expect(state).toMatchObject({ phase: 'following', goneAt: null });
  });

  it('stops with a notice when they have left', () => {
    const { state } = see(begin(HERE).state, { Bo: {} }, 1000);
    const after = see(state, { Bo: {} }, 1000 + GRACE_MS);
    expect(after.state).toEqual(OFF);
    expect(after.effects).toEqual([
      { type: 'notice', reason: 'left', name: 'Ada' }
    ]);
  });

  it('stops without a word when I stop', () => {
    expect(step(begin(HERE).state, { type: 'stop' }, context(HERE))).toEqual({
      state: OFF,
      effects: []
    });
  });

  it.each([
    ['somebody who is not here', { Bo: {} }, 'unknown'],
    ['who follows me', { Ada: { following: 'Bo' }, Bo: {} }, 'circle'],
    [
      'who follows me through another',
      { Ada: { following: 'Cy' }, Cy: { following: 'Bo' }, Bo: {} },
      'circle'
    ]
  ])('refuses %s', (_, told, reason) => {
    const { state, effects } = begin(told);
    expect(state).toEqual(OFF);
    expect(effects).toMatchObject([{ type: 'notice', reason }]);
  });

  it('refuses myself', () => {
    expect(begin(HERE, 'Ada').state).toEqual(OFF);
  });

  it('lets exactly one give way when two start at the same moment', () => {
    const both: Told = {
      Ada: { path: 'a.py', following: 'Bo' },
      Bo: { path: 'b.py', following: 'Ada' }
    };
    const ofBo = see(begin(HERE).state, both);
    const started = step(
      OFF,
      { type: 'start', username: 'Bo' },
      context({ Ada: {}, Bo: { path: 'b.py' } }, 'Ada')
    );
    const ofAda = see(started.state, both, 0, 'Ada');
    expect(ofBo.state).toEqual(OFF);
    expect(ofAda.state).toMatchObject({ phase: 'following' });
  });

  it('is not disturbed by a circle of others', () => {
    const told: Told = {
      Ada: { path: 'a.py', following: 'Cy' },
      Cy: { path: 'a.py', following: 'Ada' },
      Bo: {}
    };
    expect(begin(told).state).toMatchObject({ phase: 'following' });
  });
});
