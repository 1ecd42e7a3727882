import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { URLExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IEventStream } from '../api/events';
import { IPresence } from '../presence/tokens';
import { runApi, runFileApi, secretApi } from './api';
import { artifactActions } from './artifacts';
import { addCommands, COMMANDS } from './commands';
import { RunPanel } from './panel';
import { showPreview } from './preview-tab';
import { addRunFileCommands } from './run-file-tab';
import { RunView } from './run-view';
import { RunsModel } from './runs-model';
import { saveBlob } from './save-blob';
import { addSecretsCommand } from './secrets-dialog';

const RANK = 310;

const runPlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:run',
  description: 'Runs code of the project in sandboxes, for all to watch.',
  autoStart: true,
  requires: [
    IEventStream,
    IRenderMimeRegistry,
    IEditorLanguageRegistry,
    IEditorServices
  ],
  optional: [
    IPresence,
    IFileBrowserFactory,
    IThemeManager,
    ICommandPalette,
    ILayoutRestorer,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    stream: IEventStream,
    rendermime: IRenderMimeRegistry,
    languages: IEditorLanguageRegistry,
    editors: IEditorServices,
    presence: IPresence | null,
    browsers: IFileBrowserFactory | null,
    themes: IThemeManager | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const { commands, shell, serviceManager } = app;
    const model = new RunsModel(runApi, stream);
    const nameOf = (username: string): string =>
      presence?.people.find(({ user }) => user.username === username)?.user
        .display_name ?? username;
    const panel = new RunPanel({
      model,
      commands,
      trans,
      nameOf,
      folder: () => browsers?.tracker.currentWidget?.model.path ?? ''
    });
    shell.add(panel, 'left', { rank: RANK });
    restorer?.add(panel, panel.id);

    let view: RunView | null = null;
    const showRun = (): void => {
      if (view === null || view.isDisposed) {
        view = new RunView({
          model,
          settings: serviceManager.serverSettings,
          themes,
          trans,
          nameOf,
          artifacts: artifactActions({ app, rendermime, languages, trans }),
          previews: {
            show: (run, port, url) => showPreview(app, run, port, url, trans),
            absolute: address =>
              new URL(
                URLExt.join(serviceManager.serverSettings.baseUrl, address),
                location.href
              ).href
          },
          saveLog: (run, text) =>
            saveBlob(new Blob([text]), `${run.title}-${run.id}.log`)
        });
      }
      if (!view.isAttached) {
        shell.add(view, 'down');
      }
      shell.activateById(view.id);
    };
    model.selectionChanged.connect(showRun);
    addCommands({
      app,
      model,
      browsers,
      trans,
      showPanel: () => shell.activateById(panel.id),
      showRun
    });
    addRunFileCommands(app, runFileApi, editors, trans);
    addSecretsCommand(app, secretApi, model, trans);
    const category = trans.__('CodeSyncX');
    for (const command of [
      COMMANDS.show,
      COMMANDS.runFile,
      COMMANDS.again,
      COMMANDS.stop,
      COMMANDS.editRuns,
      COMMANDS.secrets
    ]) {
      palette?.addItem({ command, category });
    }
    presence?.changed.connect(() => panel.update());
  }
};

export const plugins: JupyterFrontEndPlugin<unknown>[] = [runPlugin];
