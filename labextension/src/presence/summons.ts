import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { request } from '../api/client';
import { IEventStream, IServerEvent } from '../api/events';
import { IPlace, readPresence, samePlace } from './protocol';
import { IPresence } from './tokens';
import { placeName } from './wording';

const SUMMONS = 'presence.summon';

/** An owner asks everyone to come; checked by the server. */
export interface ISummons {
  readonly username: string;
  readonly name: string;
  readonly place: IPlace;
}

/** Whether the server takes me for an owner. */
export async function fetchIsOwner(): Promise<boolean> {
  const { is_owner } = await request<{ is_owner: boolean }>('presence/me');
  return is_owner;
}

/** Ask everyone to come to a place. */
export async function sendSummons(place: IPlace): Promise<void> {
  await request<undefined>('presence/summon', {
    method: 'POST',
    body: JSON.stringify(place)
  });
}

/** The summons in an event of the server, null when it is another one. */
export function readSummons(event: IServerEvent): ISummons | null {
  const { type, username, name } = event;
  const place = readPresence(event);
  if (
    type !== SUMMONS ||
    typeof username !== 'string' ||
    typeof name !== 'string' ||
    !place ||
    place.path === null
  ) {
    return null;
  }
  const { path, kind, line, cell_id, cell_index } = place;
  return { username, name, place: { path, kind, line, cell_id, cell_index } };
}

export interface ISummonsOptions {
  readonly events: IEventStream;
  readonly presence: IPresence;
  readonly trans: TranslationBundle;
  /** Whether to go without being asked. */
  readonly goesAtOnce: () => boolean;
}

/** Tells the person of summonses; it is theirs to go or stay. */
export function hearSummonses(options: ISummonsOptions): void {
  const { events, presence, trans, goesAtOnce } = options;
  const shown = new Map<string, string>();
  events.received.connect((_, event) => {
    const summons = readSummons(event);
    const me = presence.me;
    if (!summons || summons.username === me?.user.username) {
      return;
    }
    const last = shown.get(summons.username);
    if (last !== undefined) {
      Notification.dismiss(last);
    }
    if (me && samePlace(me.presence, summons.place)) {
      return;
    }
    const where = placeName(summons.place, trans);
    if (goesAtOnce()) {
      void presence.goTo(summons.place);
      Notification.info(
        trans.__('%1 has called everyone to %2.', summons.name, where),
        { autoClose: 5000 }
      );
      return;
    }
    const id = Notification.info(
      trans.__('%1 asks everyone to %2', summons.name, where),
      {
        autoClose: false,
        actions: [
          {
            label: trans.__('Go there'),
            displayType: 'accent',
            callback: () => void presence.goTo(summons.place)
          },
          { label: trans.__('Stay'), callback: () => undefined }
        ]
      }
    );
    shown.set(summons.username, id);
  });
}
