import { CommandRegistry } from '@lumino/commands';
import { TranslationBundle } from '@jupyterlab/translation';
import { classes, ellipsesIcon, LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { Call } from './call';
import { IRoom } from './call-model';
import { COMMANDS } from './commands';
import {
  cameraIcon,
  cameraOffIcon,
  handIcon,
  hangUpIcon,
  microphoneIcon,
  microphoneOffIcon,
  screenIcon
} from './icons';
import { MoreMenu } from './more-menu';
import { ReactionPicker } from './reaction-picker';

interface IToolbarProps {
  readonly call: Call;
  readonly room: IRoom;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

/** What is in the menu, in groups; commands that there are not are left out. */
const MORE: readonly (readonly string[])[] = [
  [
    COMMANDS.shareScreen,
    COMMANDS.toggleRecording,
    COMMANDS.recordings,
    COMMANDS.devices,
    COMMANDS.captions
  ],
  [
    COMMANDS.breakouts,
    COMMANDS.muteAll,
    COMMANDS.lowerHands,
    COMMANDS.toggleLock,
    COMMANDS.toggleLobby
  ],
  [COMMANDS.toggleStrip, COMMANDS.float, COMMANDS.move],
  [COMMANDS.statistics]
];

/** What one does all the time in a call; the rest is in a menu. */
export function Toolbar(props: IToolbarProps): React.JSX.Element {
  const { call, room, trans } = props;
  const { mine } = call;
  return (
    <div
      className="csx-Call-toolbar"
      role="toolbar"
      aria-label={trans.__('Call')}
    >
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
      <Tool
        {...props}
        command={mine.shares > 0 ? COMMANDS.stopSharing : COMMANDS.shareScreen}
        icon={screenIcon}
        isActive={mine.shares > 0}
      />
      <Tool
        {...props}
        command={COMMANDS.raiseHand}
        icon={handIcon}
        isActive={room.you.hand_raised_at !== null}
      />
      <ReactionPicker commands={props.commands} trans={trans} />
      <More {...props} />
      <Tool
        {...props}
        command={COMMANDS.leave}
        icon={hangUpIcon}
        isLeave={true}
      />
    </div>
  );
}

function More({ commands, trans }: IToolbarProps): React.JSX.Element {
  const menu = React.useMemo(() => new MoreMenu(commands, MORE), [commands]);
  React.useEffect(() => () => menu.dispose(), [menu]);
  const label = trans.__('More');
  return (
    <button
      className="csx-Call-tool"
      aria-label={label}
      aria-haspopup="menu"
      title={label}
      onClick={event => menu.open(event.currentTarget)}
    >
      <ellipsesIcon.react tag="span" className="csx-Call-icon" />
    </button>
  );
}

interface IToolProps extends IToolbarProps {
  readonly command: string;
  readonly icon: LabIcon;
  readonly isOff?: boolean;
  readonly isActive?: boolean;
  readonly isLeave?: boolean;
}

/** A button for a command. */
export function Tool(props: IToolProps): React.JSX.Element {
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
