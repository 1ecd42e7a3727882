/** The plugins that stand in for jupyter-collaboration's: who makes providers, and of what. */
import {
  ICollaborativeContentProvider,
  IGlobalAwareness
} from '@jupyter/collaborative-drive';
import {
  IAwarenessProviderFactory,
  IDocumentProviderFactory
} from '@jupyter/docprovider';
import {
  IConnectionLost,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { URLExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { Contents } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';

import { AwarenessLine } from './awareness-line';
import { Connections } from './connections';
import { ContentProvider } from './content-provider';
import { IConnections } from './tokens';

const connections: JupyterFrontEndPlugin<IConnections> = {
  id: 'codesyncx:connections',
  description: 'The lines of all open documents to the server.',
  provides: IConnections,
  activate: () => new Connections(window)
};

const documentProvider: JupyterFrontEndPlugin<IDocumentProviderFactory> = {
  id: 'codesyncx:document-provider',
  description: 'Keeps documents in sync, over bad connections too.',
  provides: IDocumentProviderFactory,
  requires: [IConnections],
  activate: (_app: JupyterFrontEnd, lines: IConnections) => lines
};

type ContentProviderOptions = ConstructorParameters<typeof ContentProvider>[0];

/** The manager has its default drive, its interface doesn't say so. */
interface IManagerWithDrive extends Contents.IManager {
  defaultDrive?: Contents.IDrive;
}

const contentProvider: JupyterFrontEndPlugin<ICollaborativeContentProvider> = {
  id: 'codesyncx:content-provider',
  description: 'Opens and saves shared documents.',
  provides: ICollaborativeContentProvider,
  requires: [ITranslator, IDocumentProviderFactory],
  optional: [IGlobalAwareness, IDocumentManager],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator,
    providerFactory: IDocumentProviderFactory,
    globalAwareness: ContentProviderOptions['globalAwareness'],
    documentManager: IDocumentManager | null
  ) => {
    const { contents, serverSettings, user } = app.serviceManager;
    const { defaultDrive: drive } = contents as IManagerWithDrive;
    const registry = drive?.contentProviderRegistry;
    if (!drive || !registry) {
      throw new Error('The default drive takes no content providers');
    }
    const provider = new ContentProvider({
      currentDrive: drive,
      serverSettings,
      user,
      trans: translator.load('codesyncx'),
      globalAwareness,
      documentManager,
      fileChanged: drive.fileChanged,
      providerFactory
    });
    registry.register('rtc', provider);
    return provider;
  }
};

const awarenessProvider: JupyterFrontEndPlugin<IAwarenessProviderFactory> = {
  id: 'codesyncx:awareness-provider',
  description: 'Tells one’s own presence, and nobody else’s.',
  provides: IAwarenessProviderFactory,
  requires: [IConnections],
  activate: (_app: JupyterFrontEnd, lines: IConnections) => ({
    create: ({ awareness, user, roomID, serverSettings }) => {
      const { wsUrl, appendToken, token } = serverSettings;
      const query =
        appendToken && token ? URLExt.objectToQueryString({ token }) : '';
      const room = URLExt.join(wsUrl, 'api/collaboration/room', roomID);
      return new AwarenessLine(
        awareness,
        user,
        () => new serverSettings.WebSocket(`${room}${query}`),
        window,
        isOnline => lines.noteOnline(isOnline)
      );
    }
  })
};

const connectionLost: JupyterFrontEndPlugin<IConnectionLost> = {
  id: 'codesyncx:connection-lost',
  description:
    'Leaves a lost server to the indicator; offers to restart a Hub’s.',
  provides: IConnectionLost,
  requires: [JupyterFrontEnd.IPaths],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    paths: JupyterFrontEnd.IPaths,
    translator: ITranslator | null
  ) => {
    const trans = translator?.load('codesyncx');
    let isAsking = false;
    return async () => {
      const canRestart =
        Boolean(paths.urls.hubPrefix) && app.commands.hasCommand('hub:restart');
      if (!canRestart || isAsking || !trans) {
        return;
      }
      isAsking = true;
      const answer = await showDialog({
        title: trans.__('Your server can’t be reached'),
        body: trans.__(
          'Your edits are kept on this computer. Do you want to restart the server?'
        ),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Not now') }),
          Dialog.okButton({ label: trans.__('Restart') })
        ]
      }).finally(() => {
        isAsking = false;
      });
      if (answer.button.accept) {
        await app.commands.execute('hub:restart');
      }
    };
  }
};

export const engine: JupyterFrontEndPlugin<unknown>[] = [
  connections,
  documentProvider,
  contentProvider,
  awarenessProvider,
  connectionLost
];
