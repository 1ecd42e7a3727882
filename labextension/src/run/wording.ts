import { TranslationBundle } from '@jupyterlab/translation';

import { IRun, RunKind, RunState } from './api';

/** What a state is called. */
export function stateName(state: RunState, trans: TranslationBundle): string {
  const names: Record<RunState, string> = {
    queued: trans.__('Waiting'),
    preparing: trans.__('Gathering files'),
    pulling: trans.__('Fetching the base image'),
    starting: trans.__('Starting'),
    running: trans.__('Running'),
    collecting: trans.__('Keeping its files'),
    succeeded: trans.__('Done'),
    failed: trans.__('Failed'),
    stopped: trans.__('Stopped'),
    timed_out: trans.__('Took too long'),
    lost: trans.__('Lost')
  };
  return names[state];
}

/** A state with what there is to say of it while it lasts. */
export function stateText(run: IRun, trans: TranslationBundle): string {
  if (run.state === 'queued' && run.position !== null) {
    return run.position === 0
      ? trans.__('Waiting: it is next')
      : trans._n(
          'Waiting: %1 run before it',
          'Waiting: %1 runs before it',
          run.position
        );
  }
  return stateName(run.state, trans);
}

export function kindName(kind: RunKind, trans: TranslationBundle): string {
  const names: Record<RunKind, string> = {
    run: trans.__('Run'),
    build: trans.__('Build'),
    lint: trans.__('Lint'),
    test: trans.__('Test')
  };
  return names[kind];
}

/** A time span, such as "0.4 s" or "2 min 5 s". */
export function duration(seconds: number, trans: TranslationBundle): string {
  if (seconds < 10) {
    return trans.__('%1 s', seconds.toFixed(1));
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  const rest = whole % 60;
  const minutes = Math.floor(whole / 60);
  return rest === 0
    ? trans.__('%1 min', minutes)
    : trans.__('%1 min %2 s', minutes, rest);
}

const UNITS = ['B', 'kB', 'MB', 'GB'];

/** A size, such as "12 kB"; a kB is 1000 bytes, as in the limits. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** How long a run has taken so far, in seconds; null before it has begun. */
export function elapsed(run: IRun, nowS: number): number | null {
  if (run.started_at === null) {
    return null;
  }
  return Math.max(0, (run.ended_at ?? nowS) - run.started_at);
}

/** How far a run is of what it may use of something, from 0 to 1. */
export function share(used: number, limit: number): number {
  return limit > 0 ? Math.min(1, Math.max(0, used / limit)) : 0;
}

/** When it was, as short as it can be said. */
export function whenText(
  unixS: number,
  nowS: number,
  trans: TranslationBundle
): string {
  const ago = Math.max(0, nowS - unixS);
  if (ago < 60) {
    return trans.__('just now');
  }
  if (ago < 3600) {
    return trans.__('%1 min ago', Math.floor(ago / 60));
  }
  const date = new Date(unixS * 1000);
  const isToday = date.toDateString() === new Date(nowS * 1000).toDateString();
  return isToday
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short' });
}
