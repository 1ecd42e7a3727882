import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { Call, CallNotice } from './call';
import { COMMANDS } from './commands';
import { recordIcon } from './icons';
import { askAboutRecording } from './live-recording';
import { RecordingPlayer } from './recording-player';

/** Add the command to watch what is recorded now. */
export function addWatching(
  { commands, shell }: JupyterFrontEnd,
  call: Call,
  trans: TranslationBundle
): void {
  let open: MainAreaWidget | null = null;
  commands.addCommand(COMMANDS.watchRecording, {
    label: trans.__('Watch the Recording That Is Being Made'),
    icon: recordIcon,
    execute: () => {
      if (!open || open.isDisposed) {
        const content = new RecordingPlayer({
          isQuiet: call.phase !== 'off',
          trans
        });
        open = new MainAreaWidget({ content });
        open.id = 'csx-recording-player';
        open.toolbar.hide();
        open.title.label = trans.__('Recording');
        open.title.icon = recordIcon;
        open.title.closable = true;
        shell.add(open, 'main', { mode: 'tab-after' });
      }
      shell.activateById(open.id);
    }
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
