import { ISignal, Signal } from '@lumino/signaling';

import { IPresence } from '../presence/tokens';
import { Call } from './call';
import { IShownScreen, screensOf } from './call-model';

/** Long enough to read and to decide, short enough to be in nobody's way. */
export const OFFERED_MS = 12_000;

/** Somebody who just began to share a screen, and whom I may follow. */
export interface IPresenter {
  readonly username: string;
  readonly name: string;
}

/** Offers to follow whoever starts to share a screen while I am in the call. */
export class FollowOffer {
  constructor(
    call: Call,
    private readonly _presence: IPresence
  ) {
    const news = new NewScreens();
    call.changed.connect(() => {
      const { room } = call;
      for (const { caller } of news.look(room && screensOf(room))) {
        if (this._canFollow(caller.person_id)) {
          this._offer({
            username: caller.person_id,
            name: caller.display_name
          });
        }
      }
      if (!room) {
        this.putAway();
      }
    });
  }

  /** Whom one can follow now; null for nobody. */
  get presenter(): IPresenter | null {
    return this._presenter;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Follow who is offered. */
  accept(): void {
    if (this._presenter) {
      this._presence.follow(this._presenter.username);
    }
    this.putAway();
  }

  /** Offer it no longer. */
  putAway(): void {
    clearTimeout(this._timer);
    if (this._presenter) {
      this._presenter = null;
      this._changed.emit();
    }
  }

  /** Whether somebody is in the project for me to follow, and I don't yet. */
  private _canFollow(username: string): boolean {
    const { people, following } = this._presence;
    return (
      following.phase === 'off' &&
      people.some(({ user, isMe }) => !isMe && user.username === username)
    );
  }

  private _offer(presenter: IPresenter): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.putAway(), OFFERED_MS);
    this._presenter = presenter;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _presenter: IPresenter | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** Tells which screens weren't there before; those that were there when I came are none. */
export class NewScreens {
  look(screens: readonly IShownScreen[] | null): readonly IShownScreen[] {
    const known = this._known;
    this._known = screens && new Set(screens.map(({ track }) => track.id));
    return known && screens
      ? screens.filter(({ track }) => !known.has(track.id))
      : [];
  }

  private _known: ReadonlySet<string> | null = null;
}
