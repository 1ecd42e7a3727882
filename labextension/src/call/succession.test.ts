import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { ILines } from './lines';
import { Succession } from './succession';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

class Track extends EventTarget {
  constructor(public muted: boolean) {
    super();
  }
}

function track(muted: boolean): MediaStreamTrack & Track {
  return new Track(muted) as MediaStreamTrack & Track;
}

function build(tracks: Record<string, MediaStreamTrack>) {
  const [retire, close] = [vi.fn(), vi.fn()];
  const incoming = { tracks: new Map(Object.entries(tracks)) };
  const lines = { incoming, retire, close } as unknown as ILines;
  return { lines, retire, close };
}

it('shows what came last until the other way brings something', () => {
  const onTracks = vi.fn();
  const succession = new Succession(onTracks);
  const [old, fresh, new_] = [track(false), track(true), track(false)];
  const before = build({ face: old });
  succession.follow(before.lines);
  expect(before.retire).toHaveBeenCalledTimes(1);
  expect(succession.tracks(new Map()).get('face')).toBe(old);
  const now = new Map([
    ['face', fresh],
    ['other', new_]
  ]);
  expect(succession.tracks(now).get('face')).toBe(old);
  expect(succession.tracks(now).get('other')).toBe(new_);
  fresh.muted = false;
  fresh.dispatchEvent(new Event('unmute'));
  expect(onTracks).toHaveBeenCalledTimes(1);
  expect(succession.tracks(now).get('face')).toBe(fresh);
  expect(before.close).not.toHaveBeenCalled();
});

it('shows it for a few seconds at most, and lets go of it then', () => {
  const onTracks = vi.fn();
  const succession = new Succession(onTracks);
  const before = build({ face: track(false) });
  succession.follow(before.lines);
  vi.advanceTimersByTime(10_000);
  expect(before.close).toHaveBeenCalledTimes(1);
  expect(onTracks).toHaveBeenCalledTimes(1);
  expect(succession.tracks(new Map()).size).toBe(0);
});

it('lets go of the first way when a third one takes over', () => {
  const succession = new Succession(() => undefined);
  const [first, second] = [build({}), build({})];
  succession.follow(first.lines);
  succession.follow(second.lines);
  expect(first.close).toHaveBeenCalledTimes(1);
  expect(second.close).not.toHaveBeenCalled();
  succession.end();
  expect(second.close).toHaveBeenCalledTimes(1);
});
