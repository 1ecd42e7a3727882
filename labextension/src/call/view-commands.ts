import { CommandRegistry } from '@lumino/commands';
import { TranslationBundle } from '@jupyterlab/translation';

import { Call } from './call';
import { COMMANDS } from './commands';
import { pictureInPictureIcon } from './icons';
import { PictureInPicture } from './picture-in-picture';
import { Settings } from './settings';

/** What commands about where the call shows act on. */
export interface ICallViews {
  readonly call: Call;
  readonly settings: Settings;
  readonly floating: PictureInPicture;
}

/** Add the commands about where and how a call shows. */
export function addViewCommands(
  commands: CommandRegistry,
  { call, settings, floating }: ICallViews,
  trans: TranslationBundle
): void {
  commands.addCommand(COMMANDS.toggleStrip, {
    label: trans.__('Show Call Above the Files'),
    isToggleable: true,
    isToggled: () => settings.now.strip,
    execute: () => settings.set('strip', !settings.now.strip)
  });
  commands.addCommand(COMMANDS.float, {
    label: () =>
      floating.isOpen
        ? trans.__('Close the Call’s Own Window')
        : trans.__('Show Call in a Window of Its Own'),
    caption: trans.__('A small window that stays above other programs'),
    icon: pictureInPictureIcon,
    isVisible: () => floating.isOffered,
    isEnabled: () => floating.isOffered && call.phase === 'in',
    execute: async () => {
      if (floating.isOpen) {
        floating.close();
      } else {
        await floating.open();
      }
    }
  });
  settings.changed.connect(() => commands.notifyCommandChanged());
}
