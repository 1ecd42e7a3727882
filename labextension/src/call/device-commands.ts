import { CommandRegistry } from '@lumino/commands';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { Call } from './call';
import { may } from './call-model';
import { COMMANDS } from './commands';
import { DeviceDialogBody } from './device-choice';
import { PushToTalk } from './push-to-talk';

/** Add the commands about microphones, cameras and loudspeakers. */
export function addDeviceCommands(
  commands: CommandRegistry,
  call: Call,
  trans: TranslationBundle
): void {
  const talking = new PushToTalk(call.mine);
  commands.addCommand(COMMANDS.pushToTalk, {
    label: trans.__('Talk While the Keys Are Held'),
    isEnabled: () => call.phase === 'in' && may(call.room?.you, 'speak'),
    execute: () => talking.hold()
  });
  commands.addCommand(COMMANDS.devices, {
    label: trans.__('Camera, Microphone and Loudspeaker…'),
    isEnabled: () => call.phase === 'in' && may(call.room?.you, 'speak'),
    execute: async () => {
      const body = new DeviceDialogBody({ call, commands, trans });
      await showDialog({
        title: trans.__('Camera, microphone and loudspeaker'),
        body,
        buttons: [Dialog.okButton({ label: trans.__('Done') })]
      });
    }
  });
}
