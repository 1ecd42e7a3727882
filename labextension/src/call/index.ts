import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin,
  LabShell
} from '@jupyterlab/application';
import {
  ICommandPalette,
  IToolbarWidgetRegistry,
  Notification
} from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { AccessApi } from '../api/access';
import { request } from '../api/client';
import { socketTo, urlOf } from '../api/events';
import { CLOCK } from '../presence/store';
import { IPresence } from '../presence/tokens';
import { ITeam } from './breakout-model';
import { Call } from './call';
import { addCaptioning } from './captioning';
import { Captions } from './captions';
import { addCommands, COMMANDS, IPlacing } from './commands';
import { addDeviceCommands } from './device-commands';
import { testConnection } from './connection-test';
import { ConnectionWatch } from './connection-watch';
import { notifyOf } from './follow-notice';
import { CallPanel } from './panel';
import { Pointers } from './pointers';
import { FollowOffer } from './presenter';
import { ITicket } from './protocol';
import { EMOJIS, Reactions } from './reactions';
import { Settings } from './settings';
import { ISocket } from './signalling';
import { storedRecordingsPlugin } from './stored-recordings';
import { showAround } from './surroundings';
import { CallBar } from './top-bar';
import { isUdpOpen } from './udp-probe';
import { voicesOf } from './voices';
import { addWatching, recordingActions } from './watching';
import { noticeText } from './wording';

const CATEGORY = 'CodeSyncX';

const callPlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:call',
  description: 'Voice, video and shared screens of the people in the project.',
  autoStart: true,
  requires: [ILabShell],
  optional: [
    ICommandPalette,
    ILayoutRestorer,
    IToolbarWidgetRegistry,
    IPresence,
    ISettingRegistry,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    shell: LabShell,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    toolbars: IToolbarWidgetRegistry | null,
    presence: IPresence | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const { commands, serviceManager } = app;
    const openSocket = (): ISocket =>
      socketTo(serviceManager.serverSettings, 'calls/signalling');
    const mediaUrl = (): string =>
      urlOf(serviceManager.serverSettings, 'calls/media');
    const settings = new Settings();
    const call = new Call({
      fetchTicket: () =>
        request<ITicket>('calls/token', { method: 'POST', body: '{}' }),
      openSocket,
      mediaUrl,
      lookForUdp: () => isUdpOpen({ fetchTickets, openSocket }),
      cameraCodec: () => settings.now.videoCodec
    });
    const access = new AccessApi(serviceManager.serverSettings);
    const reactions = new Reactions(call);
    const captions = new Captions(call.passed, CLOCK);
    const offer = presence && new FollowOffer(call, presence);
    const panel = new CallPanel({
      call,
      reactions,
      captions,
      pointers: new Pointers(call, CLOCK),
      presence,
      offer,
      connection: new ConnectionWatch(call),
      commands,
      trans,
      test: signal =>
        testConnection({ fetchTickets, openSocket, mediaUrl }, signal),
      fetchTeams: () => fetchTeams(access),
      putAside: () => placing.move()
    });
    const placing = placingOf(panel, shell);
    shell.add(panel, 'right', { rank: 400 });
    restorer?.add(panel, panel.id);
    addCommands(commands, call, placing, trans);
    addDeviceCommands(commands, call, trans);
    addWatching(app, call, trans);
    addCaptioning(commands, call, settings, trans);
    showAround(shell, {
      call,
      reactions,
      captions,
      settings,
      commands,
      trans
    });
    if (registry) {
      settings.load(registry, callPlugin.id).catch((error: unknown) => {
        console.error('The settings of calls could not be read', error);
      });
    }
    offer?.changed.connect(() => {
      if (!panel.isVisible) {
        notifyOf(offer, trans);
      }
    });
    call.noticed.connect((_, notice) => {
      const text = noticeText(notice, trans);
      if (notice.type === 'recording' || notice.type === 'recorded') {
        const isAsWanted =
          notice.type === 'recording' || notice.reason === 'stopped';
        const show = isAsWanted ? Notification.info : Notification.warning;
        void recordingActions(notice, commands, trans).then(actions =>
          show(text, { autoClose: actions.length ? 12000 : 6000, actions })
        );
      } else if (notice.type !== 'moved' && notice.type !== 'broadcast') {
        Notification.warning(text, { autoClose: 8000 });
      } else if (!panel.isVisible) {
        // Who sees the panel reads it there.
        Notification.info(text, { autoClose: 20000 });
      }
    });
    toolbars?.addFactory(
      'TopBar',
      'codesyncx-call',
      () => new CallBar({ call, commands, trans })
    );
    Object.values(COMMANDS)
      .filter(
        // One takes an emoji, one is nothing without its keys, one isn’t in every browser.
        command =>
          command !== COMMANDS.react &&
          command !== COMMANDS.pushToTalk &&
          commands.hasCommand(command)
      )
      .forEach(command => palette?.addItem({ command, category: CATEGORY }));
    EMOJIS.forEach(emoji =>
      palette?.addItem({
        command: COMMANDS.react,
        category: CATEGORY,
        args: { emoji }
      })
    );
    if (presence) {
      const { voices } = presence;
      voices.offer(() => void commands.execute(COMMANDS.join));
      call.changed.connect(() =>
        voices.tell(call.room && voicesOf(call.room, call.speaking))
      );
    }
  }
};

/** Two tickets for a room of my own, to test the connection. */
async function fetchTickets(): Promise<readonly ITicket[]> {
  const { tickets } = await request<{ tickets: ITicket[] }>('calls/test', {
    method: 'POST',
    body: '{}'
  });
  return tickets;
}

/** The groups of the project make teams; only owners may know who is in them. */
async function fetchTeams(access: AccessApi): Promise<readonly ITeam[]> {
  const { is_owner } = await access.me();
  const groups = is_owner ? await access.groups() : [];
  return groups.map(({ name, people }) => ({
    name,
    members: people.map(person => person.name)
  }));
}

/** The panel has its place at the side, and may be put into the main area beside the files. */
function placingOf(panel: CallPanel, shell: ILabShell): IPlacing {
  let isInMain = false;
  const show = (): void => shell.activateById(panel.id);
  return {
    isInMain: () => isInMain,
    show,
    toggle: view => {
      show();
      panel.toggle(view);
    },
    move: () => {
      isInMain = !isInMain;
      panel.title.closable = isInMain;
      panel.title.label = isInMain ? panel.title.caption : '';
      shell.add(
        panel,
        isInMain ? 'main' : 'right',
        isInMain ? { mode: 'split-right' } : { rank: 400 }
      );
      show();
    }
  };
}

export const plugins: JupyterFrontEndPlugin<unknown>[] = [
  callPlugin,
  storedRecordingsPlugin
];
