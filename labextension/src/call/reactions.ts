import { ISignal, Signal } from '@lumino/signaling';

import { Call } from './call';
import { PassingMessage } from './protocol';

/** What one can react with; any other emoji of a newer client shows, too. */
export const EMOJIS = ['👍', '👏', '❤️', '😂', '🎉', '😮', '🤔', '✅'] as const;

/** How long a reaction is to be seen. */
export const SHOWN_MS = 4000;

/** More than this of one person at once is a picture book. */
const AT_ONCE = 5;

export interface IReaction {
  readonly key: number;
  readonly memberId: string;
  readonly emoji: string;
}

/** The reactions that are to be seen now. */
export class Reactions {
  constructor(call: Call) {
    call.passed.connect((_, message) => this.hear(message));
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get shown(): readonly IReaction[] {
    return this._shown;
  }

  /** Those of one person, the oldest first. */
  of(memberId: string): readonly IReaction[] {
    return this._shown.filter(reaction => reaction.memberId === memberId);
  }

  hear(message: PassingMessage): void {
    if (message.type !== 'reaction') {
      return;
    }
    const { member_id: memberId, emoji } = message;
    const reaction = { key: ++this._made, memberId, emoji };
    const [oldest, ...rest] = this.of(memberId);
    if (rest.length + 1 >= AT_ONCE) {
      this._drop(oldest.key);
    }
    this._shown = [...this._shown, reaction];
    this._changed.emit();
    setTimeout(() => {
      this._drop(reaction.key);
      this._changed.emit();
    }, SHOWN_MS);
  }

  private _drop(key: number): void {
    this._shown = this._shown.filter(reaction => reaction.key !== key);
  }

  private readonly _changed = new Signal<this, void>(this);
  private _shown: readonly IReaction[] = [];
  private _made = 0;
}
