import {
  ILabShell,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISessionContext } from '@jupyterlab/apputils';
import { Cell } from '@jupyterlab/cells';
import {
  FileBrowser,
  IFileBrowserFactory,
  Uploader
} from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { Permission } from '../api/access';
import { documentOf } from '../history/shared-documents';
import { AccessModel } from './access-model';
import { guardCommands } from './command-guard';
import { CellSpan } from './command-rules';
import { createJudge } from './judge';
import { IAccess } from './tokens';

/** Takes away, with a reason, what would be refused: commands, kernels, launcher cards, uploads. */
export const guestPlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:access-guests',
  description: 'Offers only what one may do.',
  autoStart: true,
  requires: [IAccess],
  optional: [ILabShell, IFileBrowserFactory, ILauncher, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    { model, documents }: IAccess,
    shell: ILabShell | null,
    browsers: IFileBrowserFactory | null,
    launcher: ILauncher | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const { commands } = app;
    const browser = (): FileBrowser | null =>
      browsers?.tracker.currentWidget ?? null;
    const judge = createJudge(
      {
        me: () => model.me,
        document: () => {
          const document = documentOf(app.shell.currentWidget);
          return document && documents.of(document);
        },
        cells: span => cellsOf(app, span).map(cell => cell.model.id),
        codeCells: span =>
          cellsOf(app, span)
            .filter(cell => cell.model.type === 'code')
            .map(cell => cell.model.id),
        wouldRun: span => wouldRun(app, span),
        folder: path =>
          model.peek(
            typeof path === 'string' ? path : (browser()?.model.path ?? '')
          ),
        items: () =>
          Array.from(browser()?.selectedItems() ?? [], item =>
            model.peek(item.path)
          )
      },
      trans
    );
    guardCommands(commands, judge, trans);
    withholdKernels(app, model);
    if (launcher) {
      thinLauncher(launcher, commands);
    }
    if (browsers) {
      guardBrowsers(browsers, model);
    }
    const look = (): void => commands.notifyCommandChanged();
    model.changed.connect(look);
    shell?.currentChanged.connect(look);
  }
};

/** Some cells of the notebook in front. */
function cellsOf({ shell }: JupyterFrontEnd, span: CellSpan): readonly Cell[] {
  const widget = shell.currentWidget;
  if (!(widget instanceof NotebookPanel)) {
    return [];
  }
  const { content } = widget;
  const { activeCellIndex: here, widgets: cells } = content;
  const isSelected = (cell: Cell): boolean => content.isSelectedOrActive(cell);
  switch (span) {
    case 'selected':
      return cells.filter(isSelected);
    case 'joined': {
      const selected = cells.filter(isSelected);
      return selected.length > 1 ? selected : cells.slice(here, here + 2);
    }
    case 'one-above':
      return cells.slice(Math.max(0, here - 1), here + 1);
    case 'one-below':
      return cells.slice(here, here + 2);
    case 'above':
      return cells.slice(0, here);
    case 'below':
      return cells.slice(here);
    case 'all':
      return cells;
  }
}

/** Whether running would begin with a question for a kernel. */
function wouldRun(app: JupyterFrontEnd, span: CellSpan): boolean {
  const widget = app.shell.currentWidget;
  return (
    !(widget instanceof NotebookPanel) ||
    (widget.sessionContext.hasNoKernel &&
      cellsOf(app, span).some(cell => cell.model.type === 'code'))
  );
}

/**
 * Let no document ask for a kernel that the person can't have.
 *
 * What somebody may do with a document is often known only a moment after it is opened: its kernel
 * waits for that.
 */
function withholdKernels(app: JupyterFrontEnd, model: AccessModel): void {
  const { docRegistry } = app;
  const preference = docRegistry.getKernelPreference.bind(docRegistry);
  const waiting = new Map<string, ISessionContext.IKernelPreference>();
  docRegistry.getKernelPreference = (path, ...args) => {
    const stock = preference(path, ...args);
    const may = mayHaveKernel(model, path);
    if (!stock || may === true) {
      return stock;
    }
    if (may === undefined && stock.shouldStart) {
      waiting.set(path, stock);
    }
    return {
      ...stock,
      shouldStart: false,
      canStart: may === undefined,
      autoStartDefault: false
    };
  };
  model.changed.connect(() => {
    for (const [path, stock] of waiting) {
      const may = mayHaveKernel(model, path);
      if (may !== undefined) {
        waiting.delete(path);
        setKernelPreference(app, path, may ? stock : { ...stock, ...NONE });
      }
    }
  });
}

const NEEDED: readonly Permission[] = ['execute', 'edit'];
const NONE = { shouldStart: false, canStart: false, autoStartDefault: false };

/** Say once more what an open document's kernel is to be, and have it. */
function setKernelPreference(
  { shell }: JupyterFrontEnd,
  path: string,
  preference: ISessionContext.IKernelPreference
): void {
  for (const widget of shell.widgets('main')) {
    if (widget instanceof NotebookPanel && widget.context.path === path) {
      const { sessionContext } = widget;
      sessionContext.kernelPreference = preference;
      if (preference.shouldStart) {
        void sessionContext.ready.then(() =>
          sessionContext.hasNoKernel ? sessionContext.startKernel() : false
        );
      }
    }
  }
}

/**
 * Whether a kernel is to start for a file: where I may run code, and may change the notebook, into
 * which JupyterLab writes which kernel it has. Undefined while nobody knows.
 */
function mayHaveKernel(model: AccessModel, path: string): boolean | undefined {
  const { me } = model;
  if (me === null || me.is_trusted) {
    return true;
  }
  if (!me.has_kernels) {
    return false;
  }
  const access = model.peek(path);
  return access === undefined
    ? undefined
    : NEEDED.every(one => access?.permissions.includes(one));
}

/** Leave out the launcher's cards that could do nothing. */
function thinLauncher(launcher: ILauncher, commands: CommandRegistry): void {
  // JupyterLab's launcher is its own model.
  const { items } = launcher as Partial<ILauncher.IModel>;
  if (items === undefined) {
    return;
  }
  const all = items.bind(launcher);
  (launcher as ILauncher.IModel).items = function* () {
    for (const item of all()) {
      if (commands.isEnabled(item.command, item.args)) {
        yield item;
      }
    }
  };
}

/** Show what one may see now, and take no uploads where they would be refused. */
function guardBrowsers(
  { tracker }: IFileBrowserFactory,
  model: AccessModel
): void {
  const look = (browser: FileBrowser): void => {
    const access = model.peek(browser.model.path);
    const isFree =
      access === undefined || (access?.permissions.includes('create') ?? false);
    for (const widget of browser.toolbar.children()) {
      if (widget instanceof Uploader) {
        widget.enabled = isFree;
      }
    }
    browser.node.classList.toggle('csx-mod-noCreate', !isFree);
  };
  const add = (browser: FileBrowser): void => {
    browser.model.pathChanged.connect(() => look(browser));
    look(browser);
  };
  tracker.forEach(add);
  tracker.widgetAdded.connect((_, browser) => add(browser));
  model.changed.connect(() => tracker.forEach(look));
  model.renewed.connect(() =>
    tracker.forEach(browser => {
      listAgain(browser, model).catch((error: unknown) => {
        console.warn('The files could not be listed again', error);
      });
    })
  );
}

/** List what there is for me now; from a folder that is mine no more the way leads to the top. */
async function listAgain(
  browser: FileBrowser,
  model: AccessModel
): Promise<void> {
  const { path } = browser.model;
  if (path !== '' && model.peek(path) === null) {
    await browser.model.cd('/');
  } else {
    await browser.model.refresh();
  }
}
