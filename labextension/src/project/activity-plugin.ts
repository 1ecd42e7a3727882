import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { historyIcon } from '@jupyterlab/ui-components';

import { IEventStream } from '../api/events';
import { IPresence } from '../presence/tokens';
import { ActivityModel } from './activity-model';
import { ActivityPanel } from './activity-panel';

const ID = 'codesyncx:project';
const RANK = 320;

const COMMANDS = {
  show: 'codesyncx:show-activity',
  markSeen: 'codesyncx:mark-activity-seen'
} as const;

/** The panel "Activity": what happened since one was last here. */
export const activityPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Shows what happened in the project since one was last here.',
  autoStart: true,
  requires: [IEventStream],
  optional: [
    IPresence,
    ICommandPalette,
    ILayoutRestorer,
    ISettingRegistry,
    ITranslator
  ],
  activate: async (
    app: JupyterFrontEnd,
    stream: IEventStream,
    presence: IPresence | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): Promise<void> => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const { commands, serviceManager, shell } = app;
    const settings = await registry?.load(ID).catch((error: unknown) => {
      console.warn('The settings of the activity could not be read', error);
      return null;
    });
    const model = new ActivityModel(
      stream,
      serviceManager.serverSettings,
      () => serviceManager.user.identity?.username ?? ''
    );
    const panel = new ActivityPanel(model, {
      trans,
      open: (path, isDir) => {
        void commands.execute(
          isDir ? 'filebrowser:go-to-path' : 'docmanager:open',
          { path }
        );
      },
      userOf: username =>
        presence?.people.find(({ user }) => user.username === username)?.user ??
        null,
      showsBadge: () => settings?.composite.badge !== false
    });
    settings?.changed.connect(() => panel.showBadge());
    presence?.changed.connect(() => panel.update());
    shell.add(panel, 'left', { rank: RANK });
    restorer?.add(panel, panel.id);
    commands.addCommand(COMMANDS.show, {
      label: trans.__('Show Activity'),
      caption: trans.__('What happened since you were last here'),
      icon: historyIcon,
      execute: () => {
        shell.activateById(panel.id);
      }
    });
    commands.addCommand(COMMANDS.markSeen, {
      label: trans.__('Mark All Activity as Seen'),
      isEnabled: () => model.unseen > 0,
      execute: () => model.markSeen()
    });
    model.stateChanged.connect(() =>
      commands.notifyCommandChanged(COMMANDS.markSeen)
    );
    for (const command of Object.values(COMMANDS)) {
      palette?.addItem({ command, category: trans.__('CodeSyncX') });
    }
    await serviceManager.user.ready;
    await model.load();
  }
};
