import { ISignal, Signal } from '@lumino/signaling';

import { IClock, Throttle } from '../presence/activity';
import { IRoom } from './call-model';
import { ClientMessage, PassingMessage } from './protocol';

/** A pointer that stands still is gone after this long. */
export const FADE_MS = 1000;

/** The server takes 20 a second. */
const EVERY_MS = 70;

/** A place on a shared screen, in shares of its width and height. */
export interface ISpot {
  readonly x: number;
  readonly y: number;
}

export interface IPointer extends ISpot {
  readonly memberId: string;
  readonly trackId: string;
}

/** What pointers need of a call. */
export interface IPointersCall {
  readonly passed: ISignal<unknown, PassingMessage>;
  readonly room: Pick<IRoom, 'you'> | null;
  tell(message: ClientMessage): void;
}

/** Who points where on the shared screens. */
export class Pointers {
  constructor(
    private readonly _call: IPointersCall,
    private readonly _clock: IClock
  ) {
    _call.passed.connect((_, message) => this.hear(message));
    this._throttle = new Throttle(
      point => _call.tell({ type: 'point', ...point }),
      (a, b) => a.track_id === b.track_id && a.x === b.x && a.y === b.y,
      EVERY_MS,
      _clock
    );
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The pointers on a screen. */
  on(trackId: string): readonly IPointer[] {
    return [...this._pointers.values()].filter(
      pointer => pointer.trackId === trackId
    );
  }

  /** Point at a screen myself. */
  point(trackId: string, { x, y }: ISpot): void {
    this._throttle.push({ track_id: trackId, x: round(x), y: round(y) });
    const me = this._call.room?.you.member_id;
    if (me !== undefined) {
      this._show({ memberId: me, trackId, x, y });
    }
  }

  hear(message: PassingMessage): void {
    if (message.type === 'pointed') {
      const { member_id, track_id, x, y } = message;
      this._show({ memberId: member_id, trackId: track_id, x, y });
    }
  }

  private _show(pointer: IPointer): void {
    const { memberId } = pointer;
    this._cancel.get(memberId)?.();
    this._pointers.set(memberId, pointer);
    this._cancel.set(
      memberId,
      this._clock.later(() => {
        this._pointers.delete(memberId);
        this._cancel.delete(memberId);
        this._changed.emit();
      }, FADE_MS)
    );
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _pointers = new Map<string, IPointer>();
  private readonly _cancel = new Map<string, () => void>();
  private readonly _throttle: Throttle<{
    track_id: string;
    x: number;
    y: number;
  }>;
}

/** Finer than a pixel of any screen says nothing. */
function round(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
