import { ICollaborativeContentProvider } from '@jupyter/collaborative-drive';
import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { JSONObject } from '@lumino/coreutils';

import { IEventStream } from '../api/events';
import { IConnections } from '../connection/tokens';
import { IPerson, listChannels, listPeople, markRead } from './api';
import { Channels } from './channels';
import { ICodeLink, METADATA_KEY } from './code-link';
import { decorateMessages } from './decorations';
import { chatIcon } from './icons';
import { NoticeLevel, notify } from './notices';
import { ChatPanel } from './panel';
import { Rooms } from './rooms';
import { describeSelection, hasSource, openCodeLink } from './selection';
import { loadStockChat } from './stock';
import { toast, toastError } from './toast';

const PLUGIN_ID = 'codesyncx:chat';
const RANK = 60;
const LEVELS: readonly NoticeLevel[] = ['off', 'mentions', 'all'];

const commandIds = {
  open: 'codesyncx:open-chat',
  newChannel: 'codesyncx:create-channel',
  sendSelection: 'codesyncx:send-selection-to-chat'
};

interface IServices {
  connections: IConnections | null;
  drive: ICollaborativeContentProvider;
  rendermime: IRenderMimeRegistry;
  stream: IEventStream | null;
  themes: IThemeManager | null;
  palette: ICommandPalette | null;
  restorer: ILayoutRestorer | null;
  settings: ISettingRegistry | null;
  translator: ITranslator;
}

const chatPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'The project chat: channels, links to code, files.',
  autoStart: true,
  requires: [ICollaborativeContentProvider, IRenderMimeRegistry],
  optional: [
    IConnections,
    IEventStream,
    IThemeManager,
    ICommandPalette,
    ILayoutRestorer,
    ISettingRegistry,
    ITranslator
  ],
  activate: async (
    app: JupyterFrontEnd,
    drive: ICollaborativeContentProvider,
    rendermime: IRenderMimeRegistry,
    connections: IConnections | null,
    stream: IEventStream | null,
    themes: IThemeManager | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    await activateChat(app, {
      drive,
      rendermime,
      connections,
      stream,
      themes,
      palette,
      restorer,
      settings,
      translator: translator ?? nullTranslator
    });
  }
};

async function activateChat(
  app: JupyterFrontEnd,
  services: IServices
): Promise<void> {
  const { drive, rendermime, stream, themes, translator } = services;
  const trans = translator.load('codesyncx');
  const stock = await loadStockChat(app, { rendermime, themes, translator });
  const username = (): string =>
    app.serviceManager.user.identity?.username ?? '';
  const channels = new Channels({
    username,
    load: listChannels,
    mark: markRead
  });
  let people: IPerson[] = [];
  const loadPeople = async (): Promise<void> => {
    people = await listPeople();
  };
  const settings = await services.settings?.load(PLUGIN_ID);
  const level = (): NoticeLevel =>
    (settings?.get('desktopNotifications').composite as
      NoticeLevel | undefined) ?? 'off';

  const panel = new ChatPanel({
    channels,
    rooms: new Rooms({ app, stock, drive, people: () => people }),
    trans,
    noticeLevel: level,
    cycleNotices: () => {
      const next = LEVELS[(LEVELS.indexOf(level()) + 1) % LEVELS.length];
      chooseLevel(next).catch(toastError);
    },
    onOpened: () => undefined
  });
  services.connections?.restarting.connect((_, { provider }) =>
    panel.reopen(provider.path)
  );
  settings?.changed.connect(() => panel.refresh());
  app.shell.add(panel, 'right', { rank: RANK });
  services.restorer?.add(panel, panel.id);

  async function chooseLevel(next: NoticeLevel): Promise<void> {
    if (next !== 'off' && 'Notification' in window) {
      const permission = await window.Notification.requestPermission();
      if (permission !== 'granted') {
        toast(
          'warning',
          trans.__('The browser does not allow notifications from this page.')
        );
        return;
      }
    }
    await settings?.set('desktopNotifications', next);
  }

  decorateMessages({
    stock,
    trans,
    openLink: link => void showLink(link),
    openFile: path => {
      app.commands.execute('docmanager:open', { path }).catch(toastError);
    },
    imageUrl: path => app.serviceManager.contents.getDownloadUrl(path),
    showMessage: (model, messageId) => panel.showMessage(model, messageId)
  });

  async function showLink(link: ICodeLink): Promise<void> {
    try {
      if (!(await openCodeLink(app, link))) {
        toast(
          'info',
          trans.__('These lines have changed a lot or are gone: %1', link.path)
        );
      }
    } catch (error) {
      toastError(error);
    }
  }

  app.commands.addCommand(commandIds.open, {
    label: trans.__('Open the Project Chat'),
    icon: chatIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      app.shell.activateById(panel.id);
      (await panel.openDefault())?.input.focus();
    }
  });
  app.commands.addCommand(commandIds.newChannel, {
    label: trans.__('New Chat Channel…'),
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => {
      app.shell.activateById(panel.id);
      panel.create();
    }
  });
  app.commands.addCommand(commandIds.sendSelection, {
    label: trans.__('Send Selection to Chat'),
    caption: trans.__('Post the selected lines with a link that stays right'),
    icon: chatIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: () => hasSource(app),
    execute: async () => {
      const selected = describeSelection(app);
      if (!selected) {
        toast('info', trans.__('There is nothing to send in this line.'));
        return;
      }
      app.shell.activateById(panel.id);
      const model = await panel.openDefault();
      const link = { ...selected.link } as unknown as JSONObject;
      model?.sendMessage({
        body: selected.body,
        metadata: { [METADATA_KEY]: { links: [link] } }
      });
    }
  });
  const category = trans.__('Chat');
  Object.values(commandIds).forEach(command =>
    services.palette?.addItem({ command, category })
  );

  channels.noticed.connect((_, notice) => {
    notify(notice, {
      level,
      username,
      trans,
      isHidden: () => document.visibilityState !== 'visible',
      open: (path, messageId) => {
        app.shell.activateById(panel.id);
        panel.open(path, messageId);
      }
    });
  });
  stream?.received.connect((_, event) => {
    channels.receive(event);
    if (event.type === 'chat.people_changed') {
      loadPeople().catch(toastError);
    }
  });
  const reload = (): void => {
    channels.refresh().catch(toastError);
    loadPeople().catch(toastError);
  };
  stream?.reset.connect(reload);
  reload();
}

export const plugins: JupyterFrontEndPlugin<unknown>[] = [chatPlugin];
