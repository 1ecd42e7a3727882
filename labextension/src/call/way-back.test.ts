import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { FIRST_LOOK_MS, HURRY_MS, LAST_LOOK_MS, WayBack } from './way-back';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function build(isOpen: () => Promise<boolean>) {
  const look = vi.fn(isOpen);
  const onOpen = vi.fn();
  return { look, onOpen, wayBack: new WayBack(look, onOpen) };
}

it('looks again after a pause that grows to ten minutes', async () => {
  const { look, onOpen, wayBack } = build(() => Promise.resolve(false));
  wayBack.begin();
  for (const [count, delay] of [FIRST_LOOK_MS, 2 * FIRST_LOOK_MS].entries()) {
    await vi.advanceTimersByTimeAsync(delay - 1);
    expect(look).toHaveBeenCalledTimes(count);
    await vi.advanceTimersByTimeAsync(1);
    expect(look).toHaveBeenCalledTimes(count + 1);
  }
  await vi.advanceTimersByTimeAsync(20 * LAST_LOOK_MS);
  expect(look.mock.calls.length).toBeGreaterThan(20);
  expect(look.mock.calls.length).toBeLessThan(30);
  expect(onOpen).not.toHaveBeenCalled();
});

it('tells once when the way is open, and looks no more', async () => {
  const { look, onOpen, wayBack } = build(() => Promise.resolve(true));
  wayBack.begin();
  await vi.advanceTimersByTimeAsync(FIRST_LOOK_MS);
  expect(onOpen).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(LAST_LOOK_MS);
  wayBack.hurry();
  await vi.advanceTimersByTimeAsync(LAST_LOOK_MS);
  expect(look).toHaveBeenCalledTimes(1);
});

it('looks at once on another network, whatever became of the look before', async () => {
  let answer: (isOpen: boolean) => void = () => undefined;
  const { look, onOpen, wayBack } = build(
    () => new Promise(resolve => (answer = resolve))
  );
  wayBack.begin();
  await vi.advanceTimersByTimeAsync(FIRST_LOOK_MS);
  const late = answer;
  wayBack.hurry();
  await vi.advanceTimersByTimeAsync(HURRY_MS);
  expect(look).toHaveBeenCalledTimes(2);
  late(true); // of the network before
  await vi.advanceTimersByTimeAsync(0);
  expect(onOpen).not.toHaveBeenCalled();
  answer(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(onOpen).toHaveBeenCalledTimes(1);
});

it('waits longer for a way that closed again at once', async () => {
  const { look, wayBack } = build(() => Promise.resolve(true));
  wayBack.begin();
  await vi.advanceTimersByTimeAsync(FIRST_LOOK_MS);
  wayBack.begin();
  await vi.advanceTimersByTimeAsync(FIRST_LOOK_MS);
  expect(look).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(FIRST_LOOK_MS);
  expect(look).toHaveBeenCalledTimes(2);
});

it('takes a server that answers nothing for no way, and looks on', async () => {
  const { look, wayBack } = build(() => Promise.reject(new Error('away')));
  wayBack.begin();
  await vi.advanceTimersByTimeAsync(4 * FIRST_LOOK_MS);
  expect(look).toHaveBeenCalledTimes(2);
  wayBack.stop();
  await vi.advanceTimersByTimeAsync(LAST_LOOK_MS);
  expect(look).toHaveBeenCalledTimes(2);
});
