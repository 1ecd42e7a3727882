import { DocumentChange, YDocument } from '@jupyter/ydoc';
import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { AccessApi } from '../api/access';
import { IEventStream } from '../api/events';
import { IConnections } from '../connection';
import { AccessModel } from './access-model';
import { DocumentAccesses } from './document-access';
import { IAccess } from './tokens';

/** Knows what I may do. */
export const accessPlugin: JupyterFrontEndPlugin<IAccess> = {
  id: 'codesyncx:access',
  description: 'Knows what I may do in the project and in each open document.',
  autoStart: true,
  provides: IAccess,
  requires: [IEventStream, IConnections],
  activate: async (
    app: JupyterFrontEnd,
    events: IEventStream,
    connections: IConnections
  ): Promise<IAccess> => {
    const api = new AccessApi(app.serviceManager.serverSettings);
    const model = new AccessModel(api, events);
    const documents = new DocumentAccesses(model, document => {
      const shared = document as unknown as YDocument<DocumentChange>;
      return connections.find(shared)?.path ?? null;
    });
    // Before any document opens: without trust none may ask for a kernel.
    await model.load();
    return { model, documents };
  }
};
