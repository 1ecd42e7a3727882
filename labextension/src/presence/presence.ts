import { IDocumentManager } from '@jupyterlab/docmanager';
import { ISignal, Signal } from '@lumino/signaling';

import { goTo } from './documents';
import { FollowState } from './follow';
import { Follower } from './follower';
import { IPerson, IVisitor } from './people';
import { IPlace } from './protocol';
import { PeopleStore } from './store';
import { IPresence } from './tokens';
import { Voices } from './voices';

/** What presence offers to the other features. */
export class Presence implements IPresence {
  constructor(
    private readonly _store: PeopleStore,
    private readonly _follower: Follower,
    private readonly _documents: IDocumentManager
  ) {
    _store.changed.connect(() => this._changed.emit());
    _follower.changed.connect((_, state) => this._followingChanged.emit(state));
  }

  readonly voices = new Voices();

  get people(): readonly IPerson[] {
    return this._store.people;
  }

  get me(): IPerson | null {
    return this._store.me;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get following(): FollowState {
    return this._follower.state;
  }

  get followingChanged(): ISignal<this, FollowState> {
    return this._followingChanged;
  }

  visitors(path: string): readonly IVisitor[] {
    return this._store.visitors(path);
  }

  follow(username: string): void {
    this._follower.follow(username);
  }

  unfollow(): void {
    this._follower.stop();
  }

  async goTo(place: IPlace): Promise<void> {
    this._follower.stop();
    await goTo(this._documents, place, { enter: true });
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _followingChanged = new Signal<this, FollowState>(this);
}
