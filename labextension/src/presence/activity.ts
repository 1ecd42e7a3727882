/** When somebody is active, idle or away, and how often that may be told. */

import { Status } from './protocol';

export interface IActivityLimits {
  /** Without input for so long: idle. */
  readonly idle_ms: number;
  /** Without input for so long: away. */
  readonly away_ms: number;
  /** With the browser tab hidden for so long: away. */
  readonly hidden_ms: number;
}

export const DEFAULT_LIMITS: IActivityLimits = {
  idle_ms: 2 * 60_000,
  away_ms: 10 * 60_000,
  hidden_ms: 10_000
};

export interface IActivity {
  readonly lastInputAt: number;
  /** When the browser tab was hidden, null while it shows. */
  readonly hiddenAt: number | null;
}

/** The status at a moment. */
export function statusAt(
  activity: IActivity,
  now: number,
  limits: IActivityLimits = DEFAULT_LIMITS
): Status {
  const quiet = now - activity.lastInputAt;
  if (
    quiet >= limits.away_ms ||
    (activity.hiddenAt !== null && now - activity.hiddenAt >= limits.hidden_ms)
  ) {
    return 'away';
  }
  return quiet >= limits.idle_ms ? 'idle' : 'active';
}

/** What a throttle needs of the world. */
export interface IClock {
  now(): number;
  later(task: () => void, delayMs: number): () => void;
}

/**
 * Passes on the latest value, only when it differs from the last one sent and never more often
 * than every `intervalMs`; the last of a burst is always sent.
 */
export class Throttle<T> {
  constructor(
    private readonly _send: (value: T) => void,
    private readonly _same: (a: T, b: T) => boolean,
    private readonly _intervalMs: number,
    private readonly _clock: IClock
  ) {}

  /** Offer a value. */
  push(value: T): void {
    this._next = { value };
    if (!this._cancel) {
      this._flush();
    }
  }

  /** Forget what waits. */
  dispose(): void {
    this._cancel?.();
    this._cancel = null;
    this._next = null;
  }

  private _flush(): void {
    const next = this._next;
    this._next = null;
    if (!next || (this._sent && this._same(this._sent.value, next.value))) {
      return;
    }
    const wait = this._sentAt + this._intervalMs - this._clock.now();
    if (wait > 0) {
      this._next = next;
      this._cancel = this._clock.later(() => {
        this._cancel = null;
        this._flush();
      }, wait);
      return;
    }
    this._sent = next;
    this._sentAt = this._clock.now();
    this._send(next.value);
  }

  private _next: { value: T } | null = null;
  private _sent: { value: T } | null = null;
  private _sentAt = -Infinity;
  private _cancel: (() => void) | null = null;
}
