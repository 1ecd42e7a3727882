import { ISignal, Signal } from '@lumino/signaling';

/** What the call says about the people of the project; usernames as the server vouches for them. */
export interface IVoices {
  /** Everybody in the call; null while I am not in it, and only know what people say themselves. */
  readonly inCall: ReadonlySet<string> | null;
  readonly speaking: ReadonlySet<string>;
  readonly hands: ReadonlySet<string>;
}

const SILENCE: IVoices = {
  inCall: null,
  speaking: new Set(),
  hands: new Set()
};

/** Who speaks, for all that shows people; the call tells it. */
export class Voices {
  get now(): IVoices {
    return this._now;
  }

  get changed(): ISignal<this, IVoices> {
    return this._changed;
  }

  /** How to come into the call; null where there are no calls. */
  get join(): (() => void) | null {
    return this._join;
  }

  /** Offer a way into the call. */
  offer(join: () => void): void {
    this._join = join;
    this._changed.emit(this._now);
  }

  /** Say who is in the call, speaks and has a hand up. */
  tell(voices: IVoices | null): void {
    const next = voices ?? SILENCE;
    if (!isSame(next, this._now)) {
      this._now = next;
      this._changed.emit(next);
    }
  }

  private readonly _changed = new Signal<this, IVoices>(this);
  private _now = SILENCE;
  private _join: (() => void) | null = null;
}

function isSame(a: IVoices, b: IVoices): boolean {
  return (
    (a.inCall === null) === (b.inCall === null) &&
    hasSame(a.inCall ?? new Set(), b.inCall ?? new Set()) &&
    hasSame(a.speaking, b.speaking) &&
    hasSame(a.hands, b.hands)
  );
}

function hasSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every(name => b.has(name));
}
