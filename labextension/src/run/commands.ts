import { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { TranslationBundle } from '@jupyterlab/translation';
import { runIcon } from '@jupyterlab/ui-components';

import { runsIcon } from './icons';
import { RunsModel } from './runs-model';

export const COMMANDS = {
  show: 'codesyncx:run-show',
  open: 'codesyncx:run-open',
  runFile: 'codesyncx:run-file',
  runSelectedFile: 'codesyncx:run-selected-file',
  again: 'codesyncx:run-again',
  stop: 'codesyncx:run-stop',
  editRuns: 'codesyncx:run-edit-configurations',
  secrets: 'codesyncx:run-secrets',
  saveRuns: 'codesyncx:run-save-configurations'
} as const;

/** Endings of files that the server knows a program for; `run.toml` has others. */
const RUNNABLE = new Set(
  '.bash .jl .js .lua .mjs .php .pl .py .r .rb .sh'.split(' ')
);

export interface IRunCommandOptions {
  readonly app: JupyterFrontEnd;
  readonly model: RunsModel;
  readonly browsers: IFileBrowserFactory | null;
  readonly trans: TranslationBundle;
  readonly showPanel: () => void;
  readonly showRun: () => void;
}

/** Add what can be done with runs by palette, menus and keys. */
export function addCommands(options: IRunCommandOptions): void {
  const { app, model, browsers, trans, showPanel, showRun } = options;
  const { commands } = app;
  const none = { type: 'object', properties: {} } as const;
  const file = (): string | null => runnableFileOf(app);
  const start = async (path: string): Promise<void> => {
    if ((await model.start({ file: path })) === null) {
      showPanel();
    }
  };
  commands.addCommand(COMMANDS.show, {
    label: trans.__('Show Runs'),
    icon: runsIcon,
    describedBy: { args: none },
    execute: showPanel
  });
  commands.addCommand(COMMANDS.open, {
    label: trans.__('Show Output of a Run'),
    describedBy: {
      args: { type: 'object', properties: { id: { type: 'string' } } }
    },
    isVisible: () => false,
    execute: ({ id }) => {
      if (typeof id === 'string') {
        model.select(id);
        showRun();
      }
    }
  });
  commands.addCommand(COMMANDS.runFile, {
    label: args => {
      const path = file();
      if (args.toolbar === true || args.isMenu === true || path === null) {
        return trans.__('Run in Sandbox');
      }
      return trans.__('Run %1', PathExt.basename(path));
    },
    caption: () =>
      file() === null
        ? trans.__('Open a file that can be run, such as a .py')
        : trans.__('Run this file, as it is now, in a sandbox of its own'),
    icon: runIcon,
    describedBy: { args: none },
    isEnabled: () => file() !== null,
    execute: () => {
      const path = file();
      return path === null ? undefined : start(path);
    }
  });
  commands.addCommand(COMMANDS.runSelectedFile, {
    label: trans.__('Run in Sandbox'),
    icon: runIcon,
    describedBy: { args: none },
    isVisible: () => selectedFile(browsers) !== null,
    execute: () => {
      const path = selectedFile(browsers);
      return path === null ? undefined : start(path);
    }
  });
  commands.addCommand(COMMANDS.again, {
    label: trans.__('Run Again'),
    describedBy: { args: none },
    isEnabled: () => model.selected !== null,
    execute: () => model.selected && model.again(model.selected)
  });
  commands.addCommand(COMMANDS.stop, {
    label: trans.__('Stop Run'),
    describedBy: { args: none },
    isEnabled: () => model.selected?.may_stop === true,
    execute: () => model.selected && model.stop(model.selected.id)
  });
  model.changed.connect(() => {
    commands.notifyCommandChanged(COMMANDS.again);
    commands.notifyCommandChanged(COMMANDS.stop);
  });
  app.shell.currentChanged?.connect(() =>
    commands.notifyCommandChanged(COMMANDS.runFile)
  );
}

function runnableFileOf({
  shell,
  serviceManager
}: JupyterFrontEnd): string | null {
  const widget = shell.currentWidget;
  if (!(widget instanceof DocumentWidget)) {
    return null;
  }
  const path = serviceManager.contents.localPath(widget.context.path);
  return isRunnable(path) ? path : null;
}

function selectedFile(browsers: IFileBrowserFactory | null): string | null {
  const items = Array.from(
    browsers?.tracker.currentWidget?.selectedItems() ?? []
  );
  const path = items.length === 1 ? items[0].path : null;
  return path !== null && isRunnable(path) ? path : null;
}

function isRunnable(path: string): boolean {
  return RUNNABLE.has(PathExt.extname(path).toLowerCase());
}
