import { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon, usersIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { IRoom, peopleHere } from './call-model';
import { lobbyIcon, lockIcon } from './icons';
import { RecordingMark, WatchButton } from './recording';

interface IStatusProps {
  readonly room: IRoom;
  readonly watch: () => void;
  readonly trans: TranslationBundle;
}

/** What holds for the whole call: how many are here, and who may still come in. */
export function Status({
  room,
  watch,
  trans
}: IStatusProps): React.JSX.Element {
  const all = room.people.length + 1;
  const here = peopleHere(room).length + 1;
  const people =
    room.you.place === ''
      ? trans._n('%1 person in the call', '%1 people in the call', all)
      : trans._n('%1 person in this room', '%1 people in this room', here);
  return (
    <div className="csx-Call-status">
      <span className="csx-Call-fact csx-Call-count" role="status">
        <usersIcon.react tag="span" className="csx-Call-icon" />
        {people}
      </span>
      {room.isRecorded && (
        <>
          <RecordingMark trans={trans} />
          <WatchButton watch={watch} trans={trans} />
        </>
      )}
      {room.isLocked && (
        <Fact
          icon={lockIcon}
          text={trans.__('Locked')}
          why={trans.__('Only moderators can still come in.')}
        />
      )}
      {room.hasLobby && (
        <Fact
          icon={lobbyIcon}
          text={trans.__('Lobby')}
          why={trans.__('Moderators let people in one by one.')}
        />
      )}
    </div>
  );
}

function Fact(props: {
  readonly icon: LabIcon;
  readonly text: string;
  readonly why: string;
}): React.JSX.Element {
  return (
    <span className="csx-Call-fact" role="status" title={props.why}>
      <props.icon.react tag="span" className="csx-Call-icon" />
      {props.text}
      <span className="csx-Call-hidden">{props.why}</span>
    </span>
  );
}
