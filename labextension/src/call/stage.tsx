import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { IPresence } from '../presence/tokens';
import { Call } from './call';
import {
  IRoom,
  may,
  nameOf,
  peopleHere,
  raisedHands,
  screensOf,
  trackOf
} from './call-model';
import { columnsFor, tilesInView, tileWidth } from './layout';
import { Pointers } from './pointers';
import { ICaller } from './protocol';
import { othersQualityText } from './quality-wording';
import { Reactions } from './reactions';
import { IScreenProps, Screen } from './screen';
import { SignalBars } from './signal-bars';
import { isSpeaking, Spotlight } from './spotlight';
import { IModeration, Tile } from './tile';
import { useSize } from './use-size';

const GAP_PX = 8;

interface IStageProps {
  readonly call: Call;
  readonly room: IRoom;
  readonly reactions: Reactions;
  readonly pointers: Pointers;
  /** Null where nobody tells who is where. */
  readonly presence: IPresence | null;
  readonly moderation: IModeration;
  /** How good my own connection is. */
  readonly signal: React.ReactNode;
  readonly trans: TranslationBundle;
}

/** Everybody in the call, and above them what is shared. */
export function Stage(props: IStageProps): React.JSX.Element {
  const { call, room, trans } = props;
  return (
    <div className="csx-Call-stage">
      {!may(room.you, 'speak') && (
        <p className="csx-Call-notice">
          {trans.__(
            'You can listen, watch and raise your hand. To speak you need the right to speak in this project: ask its owner.'
          )}
        </p>
      )}
      {call.mine.shares > 0 && (
        <p className="csx-Call-notice" role="status">
          {trans._n(
            'The others see your screen.',
            'The others see %1 screens of yours.',
            call.mine.shares
          )}
        </p>
      )}
      <Screens {...props} />
      <UseSignal signal={props.reactions.changed}>
        {() => <Tiles {...props} />}
      </UseSignal>
    </div>
  );
}

/** What the others share, and, small, what I share myself. */
function Screens({
  call,
  room,
  pointers,
  presence,
  moderation,
  trans
}: IStageProps): React.JSX.Element {
  const isModerator = may(room.you, 'moderate');
  const shared = {
    pointers,
    trans,
    nameOf: (memberId: string): string =>
      memberId === room.you.member_id
        ? trans.__('You')
        : (nameOf(room, memberId) ?? '')
  };
  return (
    <>
      {screensOf(room).map(({ caller, track }) => (
        <Screen
          {...shared}
          key={track.id}
          trackId={track.id}
          track={call.tracks.get(track.id) ?? null}
          label={trans.__('The screen of %1', caller.display_name)}
          owner={caller.display_name}
          follow={presence && followOf(caller, presence)}
          stop={isModerator ? () => moderation.end(caller, track.id) : null}
        />
      ))}
      {call.mine.screens.map(({ id, track, stop }) => (
        <Screen
          {...shared}
          key={track.id}
          trackId={id ?? ''}
          track={track}
          label={trans.__('What the others see')}
          owner={null}
          follow={null}
          stop={stop}
        />
      ))}
    </>
  );
}

function followOf(
  { person_id }: ICaller,
  presence: IPresence
): IScreenProps['follow'] {
  const { following } = presence;
  const isOn = following.phase !== 'off' && following.username === person_id;
  const isHere = presence.people.some(
    ({ user, isMe }) => !isMe && user.username === person_id
  );
  return isHere
    ? {
        isOn,
        toggle: () => (isOn ? presence.unfollow() : presence.follow(person_id))
      }
    : null;
}

function Tiles(props: IStageProps): React.JSX.Element {
  const { call, room, reactions, moderation, trans } = props;
  const area = React.useRef<HTMLUListElement>(null);
  const { width, height } = useSize(area, { width: 300, height: 600 });
  const count = peopleHere(room).length + 1;
  const columns = columnsFor(count, width, height, GAP_PX);
  const tile_px = tileWidth(count, columns, width, height, GAP_PX);
  const [spotlight] = React.useState(() => new Spotlight(1));
  spotlight.places = Math.max(
    1,
    tilesInView(columns, tile_px, height, GAP_PX) - raisedHands(room).length
  );
  const callers = inOrder(room, spotlight, call.speaking);
  return (
    <ul
      ref={area}
      className="csx-Call-tiles"
      aria-label={trans.__('People in the call')}
      // A list that scrolls must be reachable without a mouse.
      tabIndex={0}
      style={{ gridTemplateColumns: `repeat(${columns}, ${tile_px}px)` }}
    >
      {callers.map(caller => (
        <CallerTile
          key={caller.member_id}
          call={call}
          room={room}
          caller={caller}
          reactions={reactions}
          signal={caller === room.you ? props.signal : null}
          moderation={may(room.you, 'moderate') ? moderation : null}
          trans={trans}
        />
      ))}
    </ul>
  );
}

interface ICallerTileProps {
  readonly call: Call;
  readonly room: IRoom;
  readonly caller: ICaller;
  readonly reactions: Reactions;
  readonly moderation: IModeration | null;
  /** How good their connection is, where it is known. */
  readonly signal?: React.ReactNode;
  readonly trans: TranslationBundle;
}

/** The tile of somebody, with what comes of them now. */
export function CallerTile({
  call,
  room,
  caller,
  reactions,
  moderation,
  signal = null,
  trans
}: ICallerTileProps): React.JSX.Element {
  const isMe = caller === room.you;
  return (
    <Tile
      caller={caller}
      isMe={isMe}
      isSpeaking={isSpeaking(caller, call.speaking)}
      reactions={reactions.of(caller.member_id)}
      picture={isMe ? call.mine.camera : pictureOf(call, caller)}
      moderation={moderation}
      signal={signal ?? (isMe ? null : weakness(caller, trans))}
      trans={trans}
    />
  );
}

/** A sign that somebody's connection isn't good. */
function weakness(
  caller: ICaller,
  trans: TranslationBundle
): React.JSX.Element | null {
  return caller.quality === 'good' ? null : (
    <SignalBars
      quality={caller.quality}
      text={othersQualityText(caller, trans)}
      trans={trans}
    />
  );
}

/** Raised hands first, then who speaks as far as one sees without scrolling; I last. */
function inOrder(
  room: IRoom,
  spotlight: Spotlight,
  speaking: ReadonlySet<string>
): readonly ICaller[] {
  const people = peopleHere(room);
  const hands = raisedHands(room).flatMap(
    id => people.find(({ member_id }) => member_id === id) ?? []
  );
  const shown = spotlight.look(people, speaking);
  return [...new Set([...hands, ...shown, ...people, room.you])];
}

function pictureOf(call: Call, caller: ICaller): MediaStreamTrack | null {
  const camera = trackOf(caller, 'camera');
  return camera && !camera.is_muted
    ? (call.tracks.get(camera.id) ?? null)
    : null;
}
