import { describe, expect, it } from 'vitest';

import { ICaller } from './protocol';
import { Spotlight } from './spotlight';

function peopleOf(names: string): readonly ICaller[] {
  return Array.from(names).map((name): ICaller => ({
    member_id: name,
    person_id: name,
    display_name: name,
    rights: ['speak'],
    place: '',
    quality: 'good',
    hand_raised_at: null,
    tracks: [{ id: `${name}'s`, kind: 'microphone', is_muted: name === 'm' }]
  }));
}

/** Who has a place after these people spoke, one after the other. */
function places(names: string, ...spoke: string[]): string {
  const spotlight = new Spotlight(3);
  const people = peopleOf(names);
  let shown: readonly ICaller[] = spotlight.look(people, new Set());
  for (const who of spoke) {
    const tracks = new Set(Array.from(who).map(name => `${name}'s`));
    shown = spotlight.look(people, tracks);
  }
  return shown.map(({ member_id }) => member_id).join('');
}

describe('Spotlight', () => {
  it.each([
    ['nobody is left out where there is room', 'ab', [], 'ab'],
    ['who came first is there before anybody speaks', 'abcde', [], 'abc'],
    ['who speaks gets the place of somebody silent', 'abcde', ['e'], 'ebc'],
    ['nobody moves who has a place', 'abcde', ['c', 'a', 'b'], 'abc'],
    ['silent for longest goes first', 'abcde', ['a', 'b', 'c', 'd'], 'dbc'],
    ['nobody who speaks loses their place', 'abcde', ['abcd'], 'abc'],
    ['who is muted only seems to speak', 'abcm', ['m'], 'abc']
  ])('%s', (_, names, spoke, shown) => {
    expect(places(names, ...spoke)).toBe(shown);
  });

  it('has fewer places when there is less room', () => {
    const spotlight = new Spotlight(3);
    spotlight.look(peopleOf('abcd'), new Set());
    spotlight.places = 2;
    const shown = spotlight.look(peopleOf('abcd'), new Set(["d's"]));
    expect(shown.map(({ member_id }) => member_id)).toEqual(['d', 'b']);
  });

  it('gives the place of who left to who spoke last', () => {
    const spotlight = new Spotlight(2);
    spotlight.look(peopleOf('abcd'), new Set());
    spotlight.look(peopleOf('abcd'), new Set(["a's", "d's"]));
    const shown = spotlight.look(peopleOf('bcd'), new Set());
    expect(shown.map(({ member_id }) => member_id)).toEqual(['d', 'b']);
  });
});
