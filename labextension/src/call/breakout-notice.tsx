import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { MAIN_ROOM, secondsUntil } from './breakout-model';
import { Call } from './call';
import { IRoom, may, placeName } from './call-model';

interface IBreakoutNoticeProps {
  readonly call: Call;
  readonly room: IRoom;
  readonly trans: TranslationBundle;
  /** Show all rooms, to who leads the call; null where they are shown already. */
  readonly showRooms: (() => void) | null;
}

/** Which room I am in, how I get to another, and what was said to all of them. */
export function BreakoutNotice(
  props: IBreakoutNoticeProps
): React.JSX.Element | null {
  const { call, room, trans } = props;
  const isShown = room.areBreakoutsOpen && props.showRooms !== null;
  return (
    <div className="csx-Call-breakout">
      <div role="status">{isShown && <Where {...props} />}</div>
      {isShown && room.closingAt_ms !== null && (
        <Countdown until_ms={room.closingAt_ms} trans={trans} />
      )}
      <div role="alert">
        {room.broadcasts.map(({ number, name, text }) => (
          <p key={number} className="csx-Call-notice csx-Call-broadcast">
            <span>
              <strong>{trans.__('%1 to all rooms:', name)}</strong> {text}
            </span>
            <button className="csx-Button" onClick={() => call.putAway(number)}>
              {trans.__('Got it')}
            </button>
          </p>
        ))}
      </div>
    </div>
  );
}

function Where(props: IBreakoutNoticeProps): React.JSX.Element | null {
  const { call, room, trans } = props;
  const isModerator = may(room.you, 'moderate');
  const isInMain = room.you.place === MAIN_ROOM;
  const own = room.breakoutRooms.find(({ assigned }) =>
    assigned.includes(room.you.person_id)
  );
  const go = (place: string): void => void call.ask({ type: 'visit', place });
  if (isInMain && !own && !isModerator) {
    return (
      <p className="csx-Call-notice">
        {trans.__(
          'The others are in breakout rooms. You are in none yet: whoever leads the call can give you one.'
        )}
      </p>
    );
  }
  return (
    <p className="csx-Call-notice csx-Call-where">
      <span>{whereText(room, own?.name ?? '', trans)}</span>
      {isModerator && props.showRooms && (
        <button className="csx-Button" onClick={props.showRooms}>
          {trans.__('Rooms')}
        </button>
      )}
      {isInMain && own && (
        <button className="csx-Button" onClick={() => go(own.id)}>
          {trans.__('Go to my room')}
        </button>
      )}
      {!isInMain && (
        <button className="csx-Button" onClick={() => go(MAIN_ROOM)}>
          {trans.__('Back to the main room')}
        </button>
      )}
    </p>
  );
}

function whereText(room: IRoom, own: string, trans: TranslationBundle): string {
  if (room.you.place !== MAIN_ROOM) {
    return trans.__('You are in %1.', placeName(room));
  }
  return own === ''
    ? trans.__('The breakout rooms are open. You are in the main room.')
    : trans.__('You are in the main room; your room is %1.', own);
}

/** How long the rooms are still open. It is read out at its start and near its end only. */
function Countdown({
  until_ms,
  trans
}: {
  readonly until_ms: number;
  readonly trans: TranslationBundle;
}): React.JSX.Element {
  const left = useSecondsUntil(until_ms);
  const first = React.useMemo(
    () => secondsUntil(until_ms, Date.now()),
    [until_ms]
  );
  const told = left <= 10 ? Math.min(10, first) : first;
  return (
    <p className="csx-Call-notice csx-Call-countdown">
      <span aria-hidden="true">{closingText(left, trans)}</span>
      <span className="csx-Call-hidden" role="status">
        {closingText(told, trans)}
      </span>
    </p>
  );
}

export function closingText(left: number, trans: TranslationBundle): string {
  return trans._n(
    'Back to everybody in %1 second',
    'Back to everybody in %1 seconds',
    left
  );
}

export function useSecondsUntil(time_ms: number): number {
  const [left, setLeft] = React.useState(() =>
    secondsUntil(time_ms, Date.now())
  );
  React.useEffect(() => {
    const look = (): void => setLeft(secondsUntil(time_ms, Date.now()));
    look();
    const timer = setInterval(look, 250);
    return () => clearInterval(timer);
  }, [time_ms]);
  return left;
}
