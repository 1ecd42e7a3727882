import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { FileEditor } from '@jupyterlab/fileeditor';
import { NotebookPanel } from '@jupyterlab/notebook';
import {
  ITranslator,
  nullTranslator,
  TranslationBundle
} from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { IPathAccess, RangeChoice } from '../api/access';
import { contextOf, documentOf } from '../history/shared-documents';
import { AccessTopBar } from './badge';
import { explainAccess } from './explanation';
import { shareIcon } from './icons';
import { openShareDialog } from './share-dialog';
import { IShareTarget } from './share-model';
import { IAccess } from './tokens';
import { badgeText } from './wording';

const ID = 'codesyncx:access-share';

const COMMANDS = {
  share: 'codesyncx:share',
  shareProject: 'codesyncx:share-project',
  shareSelection: 'codesyncx:share-selection',
  shareItem: 'codesyncx:share-selected-item',
  explain: 'codesyncx:explain-access'
} as const;

/** The share dialog and the ways to it. */
export const sharePlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Shares the project, folders, files, lines and cells.',
  autoStart: true,
  requires: [IAccess, IDocumentManager],
  optional: [
    ICommandPalette,
    IFileBrowserFactory,
    IToolbarWidgetRegistry,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    access: IAccess,
    documents: IDocumentManager,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
    toolbars: IToolbarWidgetRegistry | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const here = (): IPathAccess | null | undefined => {
      const document = documentOf(app.shell.currentWidget);
      return document ? access.documents.of(document)?.current : undefined;
    };
    addCommands(app, access, documents, browsers, here, trans);
    const { share, shareProject, shareSelection, explain } = COMMANDS;
    for (const command of [share, shareProject, shareSelection, explain]) {
      palette?.addItem({ command, category: trans.__('Sharing') });
    }
    addToMenus(app);
    const changed = new Signal<object, void>({});
    // Once everybody who listens to the model has heard it.
    const look = (): void => queueMicrotask(() => changed.emit());
    access.model.changed.connect(look);
    access.documents.moved.connect(look);
    app.shell.currentChanged?.connect(look);
    toolbars?.addFactory(
      'TopBar',
      'codesyncx-share',
      () =>
        new AccessTopBar({
          changed,
          trans,
          badge: () => {
            const { me } = access.model;
            return me === null || me.is_owner
              ? ''
              : badgeText(me, here(), trans);
          },
          canShare: () =>
            access.model.allowsOnProject('share') ||
            (here()?.permissions.includes('share') ?? false),
          explain: () => void app.commands.execute(explain),
          share: () => void app.commands.execute(share)
        })
    );
  }
};

function addCommands(
  app: JupyterFrontEnd,
  access: IAccess,
  documents: IDocumentManager,
  browsers: IFileBrowserFactory | null,
  here: () => IPathAccess | null | undefined,
  trans: TranslationBundle
): void {
  const { commands, shell } = app;
  const { model } = access;
  const open = (target: IShareTarget): void =>
    openShareDialog(model, target, trans);
  const pathOf = (widget: Widget | null): string | null => {
    const context = contextOf(widget);
    return context && documents.services.contents.localPath(context.path);
  };
  const none = { type: 'object', properties: {} } as const;
  commands.addCommand(COMMANDS.share, {
    label: trans.__('Share…'),
    caption: trans.__(
      'Say who may see and change this, or make an invite link'
    ),
    icon: shareIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: { type: 'string', description: trans.__('A file or folder') },
          isFolder: { type: 'boolean' }
        }
      }
    },
    execute: args => {
      const path =
        typeof args.path === 'string' ? args.path : pathOf(shell.currentWidget);
      open({ path: path ?? '', isFolder: !path || args.isFolder === true });
    }
  });
  commands.addCommand(COMMANDS.shareProject, {
    label: trans.__('Share the Project…'),
    icon: shareIcon,
    describedBy: { args: none },
    execute: () => open({ path: '', isFolder: true })
  });
  commands.addCommand(COMMANDS.shareSelection, {
    label: () =>
      shell.currentWidget instanceof NotebookPanel
        ? trans.__('Share Selected Cells…')
        : trans.__('Share Selected Lines…'),
    caption: trans.__('Say who may see and change just these'),
    icon: shareIcon,
    describedBy: { args: none },
    isEnabled: () =>
      here() !== undefined && selectionOf(shell.currentWidget) !== null,
    execute: () => {
      const selection = selectionOf(shell.currentWidget);
      const path = pathOf(shell.currentWidget);
      if (selection !== null && path !== null) {
        open({ path, isFolder: false, selection });
      }
    }
  });
  commands.addCommand(COMMANDS.shareItem, {
    label: trans.__('Share…'),
    icon: shareIcon,
    describedBy: { args: none },
    execute: () => {
      const browser = browsers?.tracker.currentWidget;
      const item = Array.from(browser?.selectedItems() ?? []).at(0);
      open(
        item
          ? { path: item.path, isFolder: item.type === 'directory' }
          : { path: browser?.model.path ?? '', isFolder: true }
      );
    }
  });
  commands.addCommand(COMMANDS.explain, {
    label: trans.__('What May I Do Here?'),
    describedBy: { args: none },
    isEnabled: () => model.me !== null,
    execute: () =>
      model.me === null ? undefined : explainAccess(model.me, here(), trans)
  });
  shell.currentChanged?.connect(() =>
    commands.notifyCommandChanged(COMMANDS.shareSelection)
  );
}

function addToMenus({ contextMenu }: JupyterFrontEnd): void {
  const { share, shareItem, shareSelection } = COMMANDS;
  contextMenu.addItem({
    command: shareItem,
    selector: '.jp-DirListing-item',
    rank: 7
  });
  contextMenu.addItem({
    command: shareItem,
    selector: '.jp-DirListing-content',
    rank: 60
  });
  for (const selector of ['.jp-FileEditor', '.jp-Notebook']) {
    contextMenu.addItem({ command: shareSelection, selector, rank: 40 });
  }
  contextMenu.addItem({
    command: share,
    selector: '[data-type="document-title"]',
    rank: 40
  });
}

/** The selected lines or cells of a document. */
function selectionOf(widget: Widget | null): RangeChoice | null {
  if (widget instanceof NotebookPanel) {
    const { content } = widget;
    const cells = content.widgets.filter(cell =>
      content.isSelectedOrActive(cell)
    );
    return cells.length > 0
      ? { kind: 'cells', cell_ids: cells.map(cell => cell.model.id) }
      : null;
  }
  const content = (widget as { content?: unknown } | null)?.content;
  if (!(content instanceof FileEditor)) {
    return null;
  }
  const { start, end } = content.editor.getSelection();
  const [first, last] = start.line <= end.line ? [start, end] : [end, start];
  // A selection that ends before the first character of a line doesn't mean that line.
  const isBefore = last.column === 0 && last.line > first.line;
  return {
    kind: 'lines',
    start_line: first.line + 1,
    end_line: last.line + (isBefore ? 0 : 1)
  };
}
