import { CommandRegistry } from '@lumino/commands';
import { TranslationBundle } from '@jupyterlab/translation';
import { classes, LabIcon, usersIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { Call } from './call';
import { IRoom, may } from './call-model';
import { COMMANDS } from './commands';
import {
  cameraIcon,
  cameraOffIcon,
  handIcon,
  hangUpIcon,
  lobbyIcon,
  lockIcon,
  microphoneIcon,
  microphoneOffIcon,
  screenIcon
} from './icons';
import { ReactionPicker } from './reaction-picker';

interface IToolbarProps {
  readonly call: Call;
  readonly room: IRoom;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

/** What one does all the time in a call. */
export function Toolbar(props: IToolbarProps): React.JSX.Element {
  const { call, room, trans } = props;
  const { mine } = call;
  const count = room.people.length + 1;
  const people = trans._n(
    '%1 person in the call',
    '%1 people in the call',
    count
  );
  return (
    <div
      className="csx-Call-toolbar"
      role="toolbar"
      aria-label={trans.__('Call')}
    >
      <span className="csx-Call-count" title={people}>
        <usersIcon.react tag="span" className="csx-Call-icon" />
        <span aria-hidden="true">{count}</span>
        <span className="csx-Call-hidden" role="status">
          {people}
        </span>
      </span>
      <Tool
        {...props}
        command={COMMANDS.toggleMicrophone}
        icon={mine.isMicrophoneOn ? microphoneIcon : microphoneOffIcon}
        isOff={!mine.isMicrophoneOn}
      />
      <Tool
        {...props}
        command={COMMANDS.toggleCamera}
        icon={mine.isCameraOn ? cameraIcon : cameraOffIcon}
        isOff={!mine.isCameraOn}
      />
      <Tool {...props} command={COMMANDS.shareScreen} icon={screenIcon} />
      {mine.shares > 0 && (
        <Tool
          {...props}
          command={COMMANDS.stopSharing}
          icon={screenIcon}
          isActive={true}
        />
      )}
      <Tool
        {...props}
        command={COMMANDS.raiseHand}
        icon={handIcon}
        isActive={room.you.hand_raised_at !== null}
      />
      <ReactionPicker commands={props.commands} trans={trans} />
      {may(room.you, 'moderate') && (
        <>
          <Tool
            {...props}
            command={COMMANDS.toggleLock}
            icon={lockIcon}
            isActive={room.isLocked}
          />
          <Tool
            {...props}
            command={COMMANDS.toggleLobby}
            icon={lobbyIcon}
            isActive={room.hasLobby}
          />
        </>
      )}
      <Tool
        {...props}
        command={COMMANDS.leave}
        icon={hangUpIcon}
        isLeave={true}
      />
    </div>
  );
}

interface IToolProps extends IToolbarProps {
  readonly command: string;
  readonly icon: LabIcon;
  readonly isOff?: boolean;
  readonly isActive?: boolean;
  readonly isLeave?: boolean;
}

function Tool(props: IToolProps): React.JSX.Element {
  const { command, commands } = props;
  const label = commands.label(command);
  const keys = commands.keyBindings.find(
    binding => binding.command === command
  );
  const shortcut = keys
    ? ` (${CommandRegistry.formatKeystroke(keys.keys)})`
    : '';
  const why = commands.caption(command);
  return (
    <button
      className={classes(
        'csx-Call-tool',
        props.isOff ? 'csx-mod-off' : '',
        props.isActive ? 'csx-mod-active' : '',
        props.isLeave ? 'csx-mod-leave' : ''
      )}
      aria-label={label}
      aria-pressed={props.isActive}
      title={why || label + shortcut}
      disabled={!commands.isEnabled(command)}
      onClick={() => void commands.execute(command)}
    >
      <props.icon.react tag="span" className="csx-Call-icon" />
    </button>
  );
}
