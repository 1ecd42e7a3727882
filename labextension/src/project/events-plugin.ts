import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { connectTo, EventStream, IEventStream } from '../api/events';

/** Provides the one connection over which every feature hears what happens. */
export const eventsPlugin: JupyterFrontEndPlugin<IEventStream> = {
  id: 'codesyncx:events',
  description: 'Tells what happens in the project as it happens.',
  autoStart: true,
  provides: IEventStream,
  activate: (app: JupyterFrontEnd): IEventStream => {
    const stream = new EventStream({
      connect: connectTo(app.serviceManager.serverSettings)
    });
    window.addEventListener('online', () => stream.wake());
    return stream;
  }
};
