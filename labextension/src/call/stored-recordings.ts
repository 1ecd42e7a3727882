import { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IEventStream } from '../api/events';

/** Tells those who may read a recording when the artifact store doesn't take it, and when it did. */
export const storedRecordingsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:stored-recordings',
  description: 'Says whether recordings of calls are in the artifact store.',
  autoStart: true,
  requires: [IEventStream],
  optional: [ITranslator],
  activate: (_app, stream: IEventStream, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    stream.received.connect((_, { type, path, reason }) => {
      if (typeof path !== 'string') {
        return;
      }
      if (type === 'recording.not_stored') {
        Notification.warning(
          trans.__(
            'The recording %1 is in the project, and not yet in the artifact store: %2 It is tried again until it is there.',
            path,
            typeof reason === 'string' ? reason : ''
          ),
          { autoClose: 12000 }
        );
      } else if (type === 'recording.stored') {
        Notification.success(
          trans.__('The recording %1 is in the artifact store now.', path),
          { autoClose: 6000 }
        );
      }
    });
  }
};
