import { CommandRegistry } from '@lumino/commands';
import { TranslationBundle } from '@jupyterlab/translation';

import { Call } from './call';
import { may, raisedHands } from './call-model';
import { callIcon } from './icons';
import { Right } from './protocol';
import { EMOJIS } from './reactions';

export const COMMANDS = {
  show: 'codesyncx:call-show',
  join: 'codesyncx:call-join',
  leave: 'codesyncx:call-leave',
  toggleMicrophone: 'codesyncx:call-toggle-microphone',
  toggleCamera: 'codesyncx:call-toggle-camera',
  shareScreen: 'codesyncx:call-share-screen',
  stopSharing: 'codesyncx:call-stop-sharing',
  raiseHand: 'codesyncx:call-raise-hand',
  react: 'codesyncx:call-react',
  muteAll: 'codesyncx:call-mute-all',
  toggleLock: 'codesyncx:call-toggle-lock',
  toggleLobby: 'codesyncx:call-toggle-lobby',
  toggleRecording: 'codesyncx:call-toggle-recording',
  watchRecording: 'codesyncx:call-watch-recording',
  recordings: 'codesyncx:call-recordings',
  lowerHands: 'codesyncx:call-lower-hands',
  breakouts: 'codesyncx:call-breakouts',
  statistics: 'codesyncx:call-statistics',
  move: 'codesyncx:call-move',
  pushToTalk: 'codesyncx:call-push-to-talk',
  devices: 'codesyncx:call-devices',
  captions: 'codesyncx:call-captions',
  toggleStrip: 'codesyncx:call-toggle-strip',
  float: 'codesyncx:call-float'
};

/** What the panel shows of a call. */
export type View = 'people' | 'breakouts' | 'statistics';

/** Where the panel is, and how it gets elsewhere. */
export interface IPlacing {
  readonly isInMain: () => boolean;
  readonly show: () => void;
  readonly move: () => void;
  /** Show something else than the people in the panel, or the people again. */
  readonly toggle: (view: View) => void;
}

/** Add the commands of a call; all of it can be done with the keyboard. */
export function addCommands(
  commands: CommandRegistry,
  call: Call,
  placing: IPlacing,
  trans: TranslationBundle
): void {
  const isIn = (): boolean => call.phase === 'in';
  const has = (right: Right): boolean => isIn() && may(call.room?.you, right);
  const why = (right: Right): string =>
    isIn() && !has(right) ? reason(right, trans) : '';

  commands.addCommand(COMMANDS.show, {
    label: trans.__('Show Call'),
    icon: callIcon,
    execute: placing.show
  });
  commands.addCommand(COMMANDS.join, {
    label: trans.__('Join Call With the Last Settings'),
    isEnabled: () => call.phase === 'off',
    execute: async () => {
      placing.show();
      await call.join();
    }
  });
  commands.addCommand(COMMANDS.leave, {
    label: trans.__('Leave Call'),
    isEnabled: () => call.phase !== 'off',
    execute: () => call.leave()
  });
  commands.addCommand(COMMANDS.toggleMicrophone, {
    label: () =>
      call.mine.isMicrophoneOn
        ? trans.__('Switch Microphone Off')
        : trans.__('Switch Microphone On'),
    caption: () => why('speak'),
    isEnabled: () => has('speak'),
    execute: () => call.mine.setMicrophone(!call.mine.isMicrophoneOn)
  });
  commands.addCommand(COMMANDS.toggleCamera, {
    label: () =>
      call.mine.isCameraOn
        ? trans.__('Switch Camera Off')
        : trans.__('Switch Camera On'),
    caption: () => why('speak'),
    isEnabled: () => has('speak'),
    execute: () => call.mine.setCamera(!call.mine.isCameraOn)
  });
  commands.addCommand(COMMANDS.shareScreen, {
    label: () =>
      call.mine.shares > 0
        ? trans.__('Share Another Screen')
        : trans.__('Share Screen'),
    caption: () => why('share_screen'),
    isEnabled: () => has('share_screen'),
    execute: () => call.mine.share()
  });
  commands.addCommand(COMMANDS.stopSharing, {
    label: trans.__('Stop Sharing'),
    isEnabled: () => isIn() && call.mine.shares > 0,
    execute: () => call.mine.unshareAll()
  });
  commands.addCommand(COMMANDS.raiseHand, {
    label: () =>
      isHandUp(call) ? trans.__('Lower Hand') : trans.__('Raise Hand'),
    isEnabled: isIn,
    execute: () => call.ask({ type: 'raise_hand', is_raised: !isHandUp(call) })
  });
  commands.addCommand(COMMANDS.react, {
    label: ({ emoji }) => trans.__('React With %1', emojiOf(emoji)),
    isEnabled: isIn,
    execute: ({ emoji }) => call.ask({ type: 'react', emoji: emojiOf(emoji) })
  });
  commands.addCommand(COMMANDS.statistics, {
    label: trans.__('Call Statistics'),
    isEnabled: isIn,
    execute: () => placing.toggle('statistics')
  });
  addModeration(commands, call, placing, () => has('moderate'), trans);
  commands.addCommand(COMMANDS.toggleRecording, {
    label: () =>
      call.room?.isRecorded
        ? trans.__('Stop Recording')
        : trans.__('Record Call'),
    isEnabled: () => has('record'),
    isVisible: () => has('record'),
    execute: () =>
      call.ask({
        type: 'record',
        is_recording: !(call.room?.isRecorded ?? false)
      })
  });
  commands.addCommand(COMMANDS.move, {
    label: () =>
      placing.isInMain()
        ? trans.__('Move Call to the Side')
        : trans.__('Move Call to the Main Area'),
    execute: placing.move
  });
  call.changed.connect(() => commands.notifyCommandChanged());
}

function addModeration(
  commands: CommandRegistry,
  call: Call,
  placing: IPlacing,
  isEnabled: () => boolean,
  trans: TranslationBundle
): void {
  commands.addCommand(COMMANDS.muteAll, {
    label: trans.__('Mute Everybody Else'),
    isEnabled,
    isVisible: isEnabled,
    execute: () => call.ask({ type: 'mute_all' })
  });
  commands.addCommand(COMMANDS.lowerHands, {
    label: trans.__('Lower All Hands'),
    isEnabled: () => isEnabled() && handsOf(call).length > 0,
    isVisible: isEnabled,
    execute: async () => {
      for (const member_id of handsOf(call)) {
        await call.ask({ type: 'lower_hand', member_id });
      }
    }
  });
  commands.addCommand(COMMANDS.breakouts, {
    label: trans.__('Breakout Rooms…'),
    isEnabled,
    isVisible: isEnabled,
    execute: () => placing.toggle('breakouts')
  });
  commands.addCommand(COMMANDS.toggleLock, {
    label: () =>
      call.room?.isLocked ? trans.__('Unlock Call') : trans.__('Lock Call'),
    isEnabled,
    isVisible: isEnabled,
    execute: () =>
      call.ask({
        type: 'set_locked',
        is_locked: !(call.room?.isLocked ?? false)
      })
  });
  commands.addCommand(COMMANDS.toggleLobby, {
    label: () =>
      call.room?.hasLobby
        ? trans.__('Let Everybody In at Once')
        : trans.__('Let People In One by One'),
    isEnabled,
    isVisible: isEnabled,
    execute: () =>
      call.ask({
        type: 'set_lobby',
        has_lobby: !(call.room?.hasLobby ?? false)
      })
  });
}

function emojiOf(value: unknown): string {
  return typeof value === 'string' ? value : EMOJIS[0];
}

function handsOf(call: Call): readonly string[] {
  return call.room ? raisedHands(call.room) : [];
}

function isHandUp(call: Call): boolean {
  return (call.room?.you.hand_raised_at ?? null) !== null;
}

function reason(right: Right, trans: TranslationBundle): string {
  return right === 'share_screen'
    ? trans.__('You may not share your screen here; ask the project’s owner.')
    : trans.__('You may only listen here; ask the project’s owner.');
}
