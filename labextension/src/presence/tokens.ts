import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { FollowState } from './follow';
import { IPerson, IVisitor } from './people';
import { IPlace } from './protocol';
import { Voices } from './voices';

/** Who is in the project and where. */
export interface IPresence {
  /** Everybody who is here, me first. */
  readonly people: readonly IPerson[];

  /** Me, once the server has said who that is. */
  readonly me: IPerson | null;

  /** The others who have a document open, or a document in a folder. */
  visitors(path: string): readonly IVisitor[];

  /** People came, left, moved or changed what they do. */
  readonly changed: ISignal<IPresence, void>;

  /** Whom my view follows. */
  readonly following: FollowState;

  /** Following began, changed or ended. */
  readonly followingChanged: ISignal<IPresence, FollowState>;

  /** Who speaks in the call; its plugin tells it. */
  readonly voices: Voices;

  /** Let my view follow somebody's. */
  follow(username: string): void;

  /** Keep my view where it is. */
  unfollow(): void;

  /** Open a document and put the cursor at a place in it. */
  goTo(place: IPlace): Promise<void>;
}

export const IPresence = new Token<IPresence>(
  'codesyncx:IPresence',
  'Tells who is in the project and where.'
);
