import { ISignal, Signal } from '@lumino/signaling';

import { IClock } from '../presence/activity';
import { PassingMessage } from './protocol';

/** A line stays for as long as it takes to read it. */
export const READ_MS = 6000;

/** More people than this at once nobody reads. */
const LINES = 3;

/** What somebody said last. */
export interface ICaption {
  readonly memberId: string;
  readonly text: string;
}

/** What the others say, in writing, as their browsers understood it. */
export class Captions {
  constructor(
    passed: ISignal<unknown, PassingMessage>,
    private readonly _clock: IClock
  ) {
    passed.connect((_, message) => this.hear(message));
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The lines to show, who began last at the end. */
  get shown(): readonly ICaption[] {
    return [...this._lines.values()].slice(-LINES);
  }

  hear(message: PassingMessage): void {
    if (message.type !== 'captioned') {
      return;
    }
    const { member_id: memberId, text } = message;
    this._cancel.get(memberId)?.();
    if (text === '') {
      this._drop(memberId);
      return;
    }
    this._lines.set(memberId, { memberId, text });
    this._cancel.set(
      memberId,
      this._clock.later(() => this._drop(memberId), READ_MS)
    );
    this._changed.emit();
  }

  private _drop(memberId: string): void {
    this._lines.delete(memberId);
    this._cancel.delete(memberId);
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _lines = new Map<string, ICaption>();
  private readonly _cancel = new Map<string, () => void>();
}
