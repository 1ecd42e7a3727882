import { TranslationBundle } from '@jupyterlab/translation';
import { classes } from '@jupyterlab/ui-components';
import React from 'react';

import {
  ISeat,
  ISeating,
  ITeam,
  MAIN_ROOM,
  MOST_ROOMS,
  namesFor,
  seatingOf,
  teamsOf,
  unassigned
} from './breakout-model';
import { closingText, useSecondsUntil } from './breakout-notice';
import { Call } from './call';
import { IRoom } from './call-model';
import { handIcon } from './icons';

/** So long people have to finish what they say. */
const CLOSES_IN_S = 30;
const DRAGGED = 'application/x-codesyncx-person';

interface IBreakoutsProps {
  readonly call: Call;
  readonly room: IRoom;
  readonly trans: TranslationBundle;
  /** The groups of the project; none for who may not know them. */
  readonly fetchTeams: () => Promise<readonly ITeam[]>;
  /** Show the people again. */
  readonly close: () => void;
}

/** The breakout rooms, for who leads the call: plan, fill, open, visit and close them. */
export function Breakouts(props: IBreakoutsProps): React.JSX.Element {
  const { room, trans } = props;
  const [isPlanning, setPlanning] = React.useState(false);
  const hasPlan = room.breakoutRooms.length > 0;
  return (
    <section
      className="csx-Call-page csx-Breakouts"
      aria-label={trans.__('Breakout rooms')}
    >
      <header className="csx-Call-pageHead">
        <h2>{trans.__('Breakout rooms')}</h2>
        <button className="csx-Button" onClick={props.close}>
          {trans.__('Back')}
        </button>
      </header>
      {(!hasPlan || isPlanning) && !room.areBreakoutsOpen ? (
        <Plan {...props} onPlanned={() => setPlanning(false)} />
      ) : (
        <Rooms {...props} planAnew={() => setPlanning(true)} />
      )}
    </section>
  );
}

type Way = 'random' | 'hand' | 'team';

function Plan(
  props: IBreakoutsProps & { readonly onPlanned: () => void }
): React.JSX.Element {
  const { call, room, trans, fetchTeams } = props;
  const roomName = (number: number): string =>
    trans.__('Room %1', String(number));
  const before = room.breakoutRooms.map(({ name }) => name);
  const [names, setNames] = React.useState(() =>
    before.length > 0 ? before : namesFor([], 4, roomName)
  );
  const [way, setWay] = React.useState<Way>('random');
  const teams = useTeams(fetchTeams);
  const present = teamsOf(room, teams);
  const hasTeams = Object.keys(present).length > 0;
  const plan = async (): Promise<void> => {
    if (way === 'team') {
      await call.ask({ type: 'assign_by_team', teams: present });
    } else {
      const wanted = names.map(name => name.trim()).filter(Boolean);
      await call.ask({ type: 'plan_breakouts', names: wanted });
      if (way === 'random') {
        await call.ask({ type: 'assign_at_random' });
      }
    }
    props.onPlanned();
  };
  return (
    <form
      className="csx-Breakouts-plan"
      onSubmit={event => {
        event.preventDefault();
        void plan();
      }}
    >
      <label>
        {trans.__('Who goes where')}
        <select
          className="csx-Call-select"
          value={way}
          onChange={event => setWay(event.target.value as Way)}
        >
          <option value="random">{trans.__('Spread at random')}</option>
          <option value="hand">{trans.__('I assign them by hand')}</option>
          <option value="team" disabled={!hasTeams}>
            {trans.__('By team: the project’s groups')}
          </option>
        </select>
      </label>
      {way === 'team' ? (
        <p className="csx-Call-hint">
          {trans.__(
            'A room for each group: %1.',
            [...new Set(Object.values(present))].sort().join(', ')
          )}
        </p>
      ) : (
        <>
          <label>
            {trans.__('Number of rooms')}
            <input
              className="csx-Call-select"
              type="number"
              min={1}
              max={MOST_ROOMS}
              value={names.length}
              onChange={event =>
                setNames(namesFor(names, event.target.valueAsNumber, roomName))
              }
            />
          </label>
          <label>
            {trans.__('Their names, one a line')}
            <textarea
              className="csx-Call-select"
              rows={Math.min(8, names.length + 1)}
              value={names.join('\n')}
              onChange={event => setNames(event.target.value.split('\n'))}
            />
          </label>
        </>
      )}
      <button className="csx-Call-join" type="submit">
        {trans.__('Make the rooms')}
      </button>
      <p className="csx-Call-hint">
        {trans.__('Nobody is moved before you open the rooms.')}
      </p>
    </form>
  );
}

function Rooms(
  props: IBreakoutsProps & { readonly planAnew: () => void }
): React.JSX.Element {
  const { call, room, trans } = props;
  const isOpen = room.areBreakoutsOpen;
  return (
    <>
      <div className="csx-Breakouts-do">
        {isOpen ? (
          <Closing {...props} />
        ) : (
          <>
            <button
              className="csx-Call-join"
              onClick={() => void call.ask({ type: 'open_breakouts' })}
            >
              {trans.__('Open the rooms')}
            </button>
            <button
              className="csx-Button"
              onClick={() => void call.ask({ type: 'assign_at_random' })}
            >
              {trans.__('Shuffle')}
            </button>
            <button className="csx-Button" onClick={props.planAnew}>
              {trans.__('Other rooms…')}
            </button>
          </>
        )}
      </div>
      {isOpen && <Megaphone call={call} trans={trans} />}
      <div
        className="csx-Breakouts-rooms"
        // What scrolls must be reachable without a mouse.
        tabIndex={0}
        role="group"
        aria-label={trans.__('Rooms and who is in them')}
      >
        <Unassigned {...props} />
        {seatingOf(room).map(seating => (
          <RoomCard key={seating.room.id} {...props} seating={seating} />
        ))}
      </div>
    </>
  );
}

function Closing({ call, room, trans }: IBreakoutsProps): React.JSX.Element {
  const close = (in_s: number): void =>
    void call.ask({ type: 'close_breakouts', in_s });
  return (
    <>
      {room.closingAt_ms === null ? (
        <button className="csx-Call-join" onClick={() => close(CLOSES_IN_S)}>
          {trans.__('Close in %1 seconds', CLOSES_IN_S)}
        </button>
      ) : (
        <>
          <Left until_ms={room.closingAt_ms} trans={trans} />
          <button
            className="csx-Button"
            onClick={() => void call.ask({ type: 'open_breakouts' })}
          >
            {trans.__('Keep them open')}
          </button>
        </>
      )}
      <button className="csx-Button" onClick={() => close(0)}>
        {trans.__('Close now')}
      </button>
    </>
  );
}

function Left(props: {
  readonly until_ms: number;
  readonly trans: TranslationBundle;
}): React.JSX.Element {
  const left = useSecondsUntil(props.until_ms);
  return (
    <span className="csx-Breakouts-left">{closingText(left, props.trans)}</span>
  );
}

function Megaphone({
  call,
  trans
}: Pick<IBreakoutsProps, 'call' | 'trans'>): React.JSX.Element {
  const [text, setText] = React.useState('');
  const [isSaid, setSaid] = React.useState(false);
  const say = async (): Promise<void> => {
    await call.ask({ type: 'broadcast', text: text.trim() });
    setText('');
    setSaid(true);
  };
  return (
    <form
      className="csx-Breakouts-megaphone"
      onSubmit={event => {
        event.preventDefault();
        if (text.trim() !== '') {
          void say();
        }
      }}
    >
      <input
        className="csx-Call-select"
        aria-label={trans.__('Message to all rooms')}
        placeholder={trans.__('Message to all rooms')}
        maxLength={1000}
        value={text}
        onChange={event => {
          setText(event.target.value);
          setSaid(false);
        }}
      />
      <button className="csx-Button" type="submit">
        {trans.__('Send')}
      </button>
      <span className="csx-Breakouts-said" role="status">
        {isSaid && trans.__('Everybody sees it.')}
      </span>
    </form>
  );
}

function Unassigned(props: IBreakoutsProps): React.JSX.Element | null {
  const { room, trans } = props;
  const seats = unassigned(room);
  if (seats.length === 0) {
    return null;
  }
  return (
    <Card
      {...props}
      roomId={MAIN_ROOM}
      name={trans.__('In no room')}
      count={seats.length}
    >
      <Seats {...props} seats={seats} />
    </Card>
  );
}

function RoomCard(
  props: IBreakoutsProps & { readonly seating: ISeating }
): React.JSX.Element {
  const { call, room, trans, seating } = props;
  const { id, name } = seating.room;
  const isHere = room.you.place === id;
  const visit = async (): Promise<void> => {
    await call.ask({ type: 'visit', place: isHere ? MAIN_ROOM : id });
    if (!isHere) {
      props.close();
    }
  };
  return (
    <Card
      {...props}
      roomId={id}
      name={name}
      count={seating.seats.length}
      isHere={isHere}
      action={
        room.areBreakoutsOpen && (
          <button
            className="csx-Button"
            aria-label={
              isHere
                ? trans.__('Leave the room %1', name)
                : trans.__('Visit the room %1', name)
            }
            onClick={() => void visit()}
          >
            {isHere ? trans.__('Leave') : trans.__('Visit')}
          </button>
        )
      }
    >
      <Seats {...props} seats={seating.seats} />
      {seating.visitors.map(({ personId, name: visitor }) => (
        <p key={personId} className="csx-Breakouts-empty">
          {trans.__('%1 visits', visitor)}
        </p>
      ))}
    </Card>
  );
}

interface ICardProps {
  readonly call: Call;
  readonly roomId: string;
  readonly name: string;
  readonly count: number;
  readonly isHere?: boolean;
  readonly action?: React.ReactNode;
  readonly children: React.ReactNode;
}

/** A room, onto which people can be dragged. */
function Card(props: ICardProps): React.JSX.Element {
  const { call, roomId } = props;
  const [isOver, setOver] = React.useState(false);
  return (
    <section
      className={classes(
        'csx-Breakouts-room',
        isOver ? 'csx-mod-over' : '',
        props.isHere ? 'csx-mod-here' : ''
      )}
      aria-label={props.name}
      onDragOver={event => {
        if (event.dataTransfer.types.includes(DRAGGED)) {
          event.preventDefault();
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        setOver(false);
        const personId = event.dataTransfer.getData(DRAGGED);
        if (personId !== '') {
          event.preventDefault();
          assign(call, personId, roomId);
        }
      }}
    >
      <header>
        <h3 title={props.name}>{props.name}</h3>
        <span className="csx-Breakouts-count">{props.count}</span>
        {props.action}
      </header>
      {props.children}
    </section>
  );
}

function Seats(
  props: IBreakoutsProps & { readonly seats: readonly ISeat[] }
): React.JSX.Element {
  const { call, room, trans, seats } = props;
  return (
    <ul>
      {seats.map(seat => (
        <li
          key={seat.personId}
          draggable={true}
          onDragStart={event => {
            event.dataTransfer.setData(DRAGGED, seat.personId);
            event.dataTransfer.effectAllowed = 'move';
          }}
        >
          <span className="csx-Breakouts-name" title={seat.name}>
            {seat.name}
            {room.areBreakoutsOpen && seat.place !== seat.roomId && (
              <small>{trans.__('in the main room')}</small>
            )}
          </span>
          {seat.isHandUp && (
            <span
              className="csx-Breakouts-hand"
              role="img"
              aria-label={trans.__('Hand raised')}
              title={trans.__('Hand raised')}
            >
              <handIcon.react tag="span" className="csx-Call-icon" />
            </span>
          )}
          <select
            className="csx-Call-select"
            aria-label={trans.__('The room of %1', seat.name)}
            value={seat.roomId}
            onChange={event => assign(call, seat.personId, event.target.value)}
          >
            <option value={MAIN_ROOM}>{trans.__('No room')}</option>
            {room.breakoutRooms.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </li>
      ))}
    </ul>
  );
}

function assign(call: Call, person_id: string, place: string): void {
  void call.ask({ type: 'assign', person_id, place });
}

function useTeams(
  fetchTeams: () => Promise<readonly ITeam[]>
): readonly ITeam[] {
  const [teams, setTeams] = React.useState<readonly ITeam[]>([]);
  React.useEffect(() => {
    let isOver = false;
    void fetchTeams().then(found => {
      if (!isOver) {
        setTeams(found);
      }
    });
    return () => {
      isOver = true;
    };
  }, [fetchTeams]);
  return teams;
}
