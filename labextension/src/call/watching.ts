import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import { Call, CallNotice } from './call';
import { COMMANDS } from './commands';
import { recordIcon } from './icons';
import { askAboutRecording } from './live-recording';
import { RecordingPlayer } from './recording-player';
import { RecordingsList } from './recordings-list';

/** Add the commands to watch what is recorded now, and what was. */
export function addWatching(
  { commands, shell, serviceManager }: JupyterFrontEnd,
  call: Call,
  trans: TranslationBundle
): void {
  const opener = (
    id: string,
    label: string,
    build: () => Widget
  ): (() => void) => {
    let open: MainAreaWidget | null = null;
    return () => {
      if (!open || open.isDisposed) {
        open = new MainAreaWidget({ content: build() });
        open.id = id;
        open.toolbar.hide();
        open.title.label = label;
        open.title.icon = recordIcon;
        open.title.closable = true;
        shell.add(open, 'main', { mode: 'tab-after' });
      }
      shell.activateById(open.id);
    };
  };
  commands.addCommand(COMMANDS.watchRecording, {
    label: trans.__('Watch the Recording That Is Being Made'),
    icon: recordIcon,
    execute: opener(
      'csx-recording-player',
      trans.__('Recording'),
      () => new RecordingPlayer({ isQuiet: call.phase !== 'off', trans })
    )
  });
  commands.addCommand(COMMANDS.recordings, {
    label: trans.__('Recordings of Calls'),
    icon: recordIcon,
    execute: opener(
      'csx-recordings',
      trans.__('Recordings'),
      () => new RecordingsList({ contents: serviceManager.contents, trans })
    )
  });
}

/** What one can do when a recording begins or is done: watch it. */
export async function recordingActions(
  notice: Extract<CallNotice, { type: 'recording' | 'recorded' }>,
  commands: CommandRegistry,
  trans: TranslationBundle
): Promise<Notification.IAction[]> {
  if (notice.type === 'recorded') {
    const { path } = notice;
    return path === ''
      ? []
      : [
          {
            label: trans.__('Open'),
            callback: () => void commands.execute('docmanager:open', { path })
          }
        ];
  }
  const mayWatch = await askAboutRecording().then(
    ({ may_watch }) => may_watch,
    () => false
  );
  return mayWatch
    ? [
        {
          label: trans.__('Watch'),
          callback: () => void commands.execute(COMMANDS.watchRecording)
        }
      ]
    : [];
}
