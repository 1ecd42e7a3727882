import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  InputDialog,
  IThemeManager,
  IToolbarWidgetRegistry,
  Notification
} from '@jupyterlab/apputils';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { IGlobalAwareness } from '@jupyter/collaborative-drive';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import {
  ITranslator,
  nullTranslator,
  TranslationBundle
} from '@jupyterlab/translation';
import type { Awareness } from 'y-protocols/awareness';

import { ApiError } from '../api/client';
import { IEventStream } from '../api/events';
import { IConnections } from '../connection/tokens';
import { placeIn } from './documents';
import { showFacesInBrowsers, showFacesOnTabs } from './faces';
import { FollowNotice } from './follow';
import { Follower } from './follower';
import { FollowFrame } from './frame';
import { followIcon, gatherIcon } from './icons';
import { PeoplePanel } from './panel';
import { Presence } from './presence';
import { Reporter, watchEditors } from './reporter';
import { Settings } from './settings';
import { markSpeakingCarets } from './speaking-carets';
import { CLOCK, PeopleStore } from './store';
import { fetchIsOwner, hearSummonses, sendSummons } from './summons';
import { IPresence } from './tokens';
import { PeopleBar } from './top-bar';

export { IPresence } from './tokens';

const CATEGORY = 'CodeSyncX';
const PRESENCE_ID = 'codesyncx:presence';

const COMMANDS = {
  showPeople: 'codesyncx:show-people',
  followPerson: 'codesyncx:follow-person',
  stopFollowing: 'codesyncx:stop-following',
  bringEveryone: 'codesyncx:bring-everyone'
};

/** Tells the others where I am, and me where they are. */
const presencePlugin: JupyterFrontEndPlugin<IPresence> = {
  id: PRESENCE_ID,
  description: 'Tells who is in the project and where.',
  autoStart: true,
  provides: IPresence,
  requires: [
    IGlobalAwareness,
    ILabShell,
    IDocumentManager,
    IEditorExtensionRegistry
  ],
  optional: [ISettingRegistry, IEventStream, IThemeManager, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    awareness: Awareness,
    shell: ILabShell,
    documents: IDocumentManager,
    editors: IEditorExtensionRegistry,
    registry: ISettingRegistry | null,
    events: IEventStream | null,
    themes: IThemeManager | null,
    translator: ITranslator | null
  ): IPresence => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const settings = new Settings();
    const store = new PeopleStore(awareness, CLOCK);
    const follower = new Follower({ shell, documents, store });
    const presence = new Presence(store, follower, documents);
    const reporter = new Reporter({
      shell,
      tell: state => store.tell(state),
      limits: () => settings.limits,
      following: () =>
        follower.state.phase === 'off' ? null : follower.state.username,
      isInCall: () => presence.voices.now.inCall !== null
    });
    presence.voices.changed.connect(() => reporter.report());
    markSpeakingCarets(editors, presence.voices);
    watchEditors(
      editors,
      () => reporter.report(),
      () => reporter.noteEdit()
    );
    follower.changed.connect(() => reporter.report());
    follower.noticed.connect((_, { reason, name }) => {
      Notification.info(noticeText(reason, name, trans), { autoClose: 5000 });
    });
    knowMe(app, store);
    themes?.themeChanged.connect(() => store.refresh());
    if (registry) {
      settings
        .load(registry, PRESENCE_ID)
        .then(() => reporter.report())
        .catch((error: unknown) => {
          console.error('The settings of presence could not be read', error);
        });
    }
    if (events) {
      hearSummonses({
        events,
        presence,
        trans,
        goesAtOnce: () => settings.goesWhenCalled
      });
    }
    return presence;
  }
};

function knowMe(app: JupyterFrontEnd, store: PeopleStore): void {
  const { user } = app.serviceManager;
  const update = (): void => {
    if (user.identity) {
      store.setMe(user.identity.username);
    }
  };
  user.userChanged.connect(update);
  void user.ready.then(update);
}

function noticeText(
  reason: FollowNotice,
  name: string,
  trans: TranslationBundle
): string {
  switch (reason) {
    case 'left':
      return trans.__('%1 has left. You no longer follow.', name);
    case 'circle':
      return trans.__('%1 follows you already.', name);
    case 'unknown':
      return trans.__('There is nobody to follow.');
  }
}

/** The panel, the faces and the frame. */
const peoplePlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:people',
  description: 'Shows who is where, and lets you jump to and follow them.',
  autoStart: true,
  requires: [IPresence, IConnections, ILabShell],
  optional: [
    ICommandPalette,
    ILayoutRestorer,
    IToolbarWidgetRegistry,
    IFileBrowserFactory,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    presence: IPresence,
    lines: IConnections,
    shell: ILabShell,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    toolbars: IToolbarWidgetRegistry | null,
    browsers: IFileBrowserFactory | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const { commands } = app;
    const run = (command: string): void => void commands.execute(command);
    const owner = new Ownership(() =>
      commands.notifyCommandChanged(COMMANDS.bringEveryone)
    );
    const panel = new PeoplePanel({
      presence,
      lines,
      trans,
      iconFor: path => app.docRegistry.getFileTypesForPath(path)[0]?.icon,
      gather: () =>
        owner.isOwner &&
        presence.people.length > 1 &&
        presence.me?.presence.path != null
          ? () => run(COMMANDS.bringEveryone)
          : null
    });
    owner.onKnown = () => panel.update();
    shell.add(panel, 'left', { rank: 300 });
    restorer?.add(panel, panel.id);
    toolbars?.addFactory(
      'TopBar',
      'codesyncx-people',
      () =>
        new PeopleBar({
          presence,
          trans,
          showPanel: () => shell.activateById(panel.id)
        })
    );
    showFacesOnTabs(shell, presence, trans);
    if (browsers) {
      showFacesInBrowsers(browsers, presence, trans);
    }
    void app.restored.then(() => {
      const main = document.getElementById('jp-main-dock-panel') ?? shell.node;
      return new FollowFrame(main, presence, trans);
    });
    addCommands(app, shell, presence, owner, panel, trans);
    Object.values(COMMANDS).forEach(command =>
      palette?.addItem({ command, category: CATEGORY })
    );
  }
};

/** Whether I am an owner, asked of the server once. */
class Ownership {
  onKnown: () => void = () => undefined;

  constructor(notify: () => void) {
    fetchIsOwner()
      .then(isOwner => {
        this._isOwner = isOwner;
        notify();
        this.onKnown();
      })
      .catch((error: unknown) => {
        console.warn('The server did not say who is an owner', error);
      });
  }

  get isOwner(): boolean {
    return this._isOwner;
  }

  private _isOwner = false;
}

function addCommands(
  app: JupyterFrontEnd,
  shell: ILabShell,
  presence: IPresence,
  owner: Ownership,
  panel: PeoplePanel,
  trans: TranslationBundle
): void {
  const { commands } = app;
  commands.addCommand(COMMANDS.showPeople, {
    label: trans.__('Show People'),
    execute: () => {
      shell.activateById(panel.id);
    }
  });
  commands.addCommand(COMMANDS.followPerson, {
    label: trans.__('Follow a Person…'),
    icon: followIcon,
    isEnabled: () => presence.people.length > 1,
    execute: async args => {
      const username =
        typeof args.username === 'string'
          ? args.username
          : await choosePerson(presence, trans);
      if (username !== null) {
        presence.follow(username);
      }
    }
  });
  commands.addCommand(COMMANDS.stopFollowing, {
    label: trans.__('Stop Following'),
    isEnabled: () => presence.following.phase !== 'off',
    execute: () => presence.unfollow()
  });
  commands.addCommand(COMMANDS.bringEveryone, {
    label: trans.__('Bring Everyone Here'),
    icon: gatherIcon,
    isVisible: () => owner.isOwner,
    isEnabled: () =>
      owner.isOwner && placeIn(shell.currentWidget).path !== null,
    execute: async () => {
      await bringEveryone(shell, trans);
    }
  });
  const notify = (): void => commands.notifyCommandChanged();
  presence.followingChanged.connect(notify);
}

async function choosePerson(
  presence: IPresence,
  trans: TranslationBundle
): Promise<string | null> {
  const others = presence.people.filter(person => !person.isMe);
  const names = others.map(({ user }) => user.display_name);
  const { value } = await InputDialog.getItem({
    title: trans.__('Follow whom?'),
    items: names
  });
  return value === null ? null : others[names.indexOf(value)].user.username;
}

async function bringEveryone(
  shell: ILabShell,
  trans: TranslationBundle
): Promise<void> {
  try {
    await sendSummons(placeIn(shell.currentWidget));
    Notification.success(trans.__('Everyone has been asked to come here.'), {
      autoClose: 3000
    });
  } catch (error) {
    if (!(error instanceof ApiError)) {
      throw error;
    }
    Notification.warning(error.message, { autoClose: 5000 });
  }
}

export const plugins: JupyterFrontEndPlugin<unknown>[] = [
  presencePlugin,
  peoplePlugin
];
