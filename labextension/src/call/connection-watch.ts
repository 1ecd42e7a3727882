import { ISignal, Signal } from '@lumino/signaling';

import { Call } from './call';
import { IVerdict, QualityWatch } from './quality';
import { IMeasured } from './statistics';

const EVERY_MS = 2000;
/** What is worse for a moment only, nobody is told of. */
const WINDOW_MS = 8000;

/** Measures a call's connections while I am in it. */
export class ConnectionWatch {
  constructor(private readonly _call: Call) {
    _call.changed.connect(() => this._follow());
  }

  /** There is another measurement. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get verdict(): IVerdict {
    return this._quality.verdict;
  }

  /** What is carried now; null before it was measured. */
  get measured(): IMeasured | null {
    return this._quality.measured;
  }

  private _follow(): void {
    const isIn = this._call.phase === 'in';
    if (isIn && this._timer === undefined) {
      this._timer = setInterval(() => void this._measure(), EVERY_MS);
    } else if (!isIn && this._timer !== undefined) {
      clearInterval(this._timer);
      this._timer = undefined;
      this._quality.clear();
    }
  }

  private async _measure(): Promise<void> {
    const sample = await this._call.sample();
    if (this._timer === undefined) {
      return;
    }
    if (sample) {
      this._quality.take(sample);
    } else {
      // There are other connections now, which are about to carry something.
      this._quality.clear();
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _quality = new QualityWatch(WINDOW_MS);
  private _timer: ReturnType<typeof setInterval> | undefined;
}
