import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { Call } from './call';
import { IRoom, may, raisedHands, screensOf, trackOf } from './call-model';
import { columnsFor, tileWidth } from './layout';
import { ICaller } from './protocol';
import { Reactions } from './reactions';
import { IModeration, Tile } from './tile';
import { Video } from './video';

const GAP_PX = 8;

interface IStageProps {
  readonly call: Call;
  readonly room: IRoom;
  readonly reactions: Reactions;
  readonly moderation: IModeration;
  readonly trans: TranslationBundle;
}

/** Everybody in the call, and above them what is shared. */
export function Stage(props: IStageProps): React.JSX.Element {
  const { call, room, trans } = props;
  const screens = screensOf(room);
  const isModerator = may(room.you, 'moderate');
  return (
    <div className="csx-Call-stage">
      {room.isLocked && (
        <p className="csx-Call-notice">
          {trans.__('The call is locked: only moderators can still come in.')}
        </p>
      )}
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
      {isModerator && room.waiting.length > 0 && (
        <WaitingList {...props} waiting={room.waiting} />
      )}
      {screens.map(({ caller, track }) => {
        const media = call.tracks.get(track.id);
        const label = trans.__('The screen of %1', caller.display_name);
        return (
          <figure key={track.id} className="csx-Call-screen">
            {media && <Video track={media} label={label} />}
            <figcaption className="csx-Call-name">{label}</figcaption>
          </figure>
        );
      })}
      <UseSignal signal={props.reactions.changed}>
        {() => <Tiles {...props} />}
      </UseSignal>
    </div>
  );
}

function Tiles({
  call,
  room,
  reactions,
  moderation,
  trans
}: IStageProps): React.JSX.Element {
  const area = React.useRef<HTMLUListElement>(null);
  const [width, height] = useSize(area);
  const callers = inOrder(room);
  const columns = columnsFor(callers.length, width, height, GAP_PX);
  const tile_px = tileWidth(callers.length, columns, width, height, GAP_PX);
  return (
    <ul
      ref={area}
      className="csx-Call-tiles"
      aria-label={trans.__('People in the call')}
      // A list that scrolls must be reachable without a mouse.
      tabIndex={0}
      style={{ gridTemplateColumns: `repeat(${columns}, ${tile_px}px)` }}
    >
      {callers.map(caller => {
        const isMe = caller === room.you;
        const voice = trackOf(caller, 'microphone');
        return (
          <Tile
            key={caller.member_id}
            caller={caller}
            isMe={isMe}
            isSpeaking={
              voice !== undefined &&
              !voice.is_muted &&
              call.speaking.has(voice.id)
            }
            reactions={reactions.of(caller.member_id)}
            picture={isMe ? call.mine.camera : pictureOf(call, caller)}
            moderation={may(room.you, 'moderate') ? moderation : null}
            trans={trans}
          />
        );
      })}
    </ul>
  );
}

interface IWaitingListProps extends IStageProps {
  readonly waiting: readonly ICaller[];
}

function WaitingList({
  call,
  waiting,
  trans
}: IWaitingListProps): React.JSX.Element {
  return (
    <ul
      className="csx-Call-waiting"
      aria-label={trans.__('Waiting to come in')}
    >
      {waiting.map(({ member_id, display_name }) => (
        <li key={member_id}>
          <span className="csx-Call-waitingText">
            {trans.__('%1 waits to come in', display_name)}
          </span>
          <button
            className="csx-Button"
            onClick={() => void call.ask({ type: 'admit', member_id })}
          >
            {trans.__('Let in')}
          </button>
          <button
            className="csx-Button"
            onClick={() => void call.ask({ type: 'remove', member_id })}
          >
            {trans.__('Turn away')}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Raised hands first, I last. */
function inOrder(room: IRoom): readonly ICaller[] {
  const hands = raisedHands(room);
  const rank = ({ member_id }: ICaller): number => {
    const index = hands.indexOf(member_id);
    return index < 0 ? hands.length : index;
  };
  const others = [...room.people].sort((a, b) => rank(a) - rank(b));
  return [...others, room.you];
}

function pictureOf(call: Call, caller: ICaller): MediaStreamTrack | null {
  const camera = trackOf(caller, 'camera');
  return camera && !camera.is_muted
    ? (call.tracks.get(camera.id) ?? null)
    : null;
}

function useSize(element: React.RefObject<HTMLElement>): [number, number] {
  const [size, setSize] = React.useState<[number, number]>([300, 600]);
  React.useEffect(() => {
    const node = element.current;
    if (!node) {
      return;
    }
    const observer = new ResizeObserver(() => {
      setSize([node.clientWidth, node.clientHeight]);
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
