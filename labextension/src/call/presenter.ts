import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IPresence } from '../presence/tokens';
import { Call } from './call';
import { IShownScreen, screensOf } from './call-model';

/** Long enough to read and to decide, short enough to be in nobody's way. */
const OFFERED_MS = 12_000;

/** Offer to follow whoever starts to share a screen while I am in the call. */
export function offerToFollow(
  call: Call,
  presence: IPresence,
  trans: TranslationBundle
): void {
  const news = new NewScreens();
  call.changed.connect(() => {
    const { room } = call;
    const shown = news.look(room && screensOf(room));
    for (const { caller } of shown) {
      if (canFollow(presence, caller.person_id)) {
        offer(presence, caller.person_id, caller.display_name, trans);
      }
    }
  });
}

/** Whether somebody is in the project for me to follow, and I don't yet. */
function canFollow({ people, following }: IPresence, name: string): boolean {
  return (
    following.phase === 'off' &&
    people.some(({ user, isMe }) => !isMe && user.username === name)
  );
}

function offer(
  presence: IPresence,
  username: string,
  name: string,
  trans: TranslationBundle
): void {
  const id = Notification.info(trans.__('%1 shares a screen.', name), {
    autoClose: OFFERED_MS,
    actions: [
      {
        label: trans.__('Follow %1', name),
        caption: trans.__('Let your view go where theirs goes'),
        callback: () => {
          presence.follow(username);
          Notification.dismiss(id);
        }
      }
    ]
  });
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
