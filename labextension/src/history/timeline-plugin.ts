import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { historyIcon } from '@jupyterlab/ui-components';

import { AuthorshipRegistry } from './authorship';
import { DeletionLog } from './deletion-log';
import { IAuthorship } from './gutter-plugin';
import { contextOf, documentOf, SharedDocument } from './shared-documents';
import { TimelineModel } from './timeline-model';
import { IDocumentAccess, TimelineWidget } from './timeline-widget';

const OPEN = 'codesyncx:open-history';
const OPEN_DELETIONS = 'codesyncx:open-deletions';
const FOREIGN_COLOR = 'var(--jp-collaborator-color1)';

type TimelineView = MainAreaWidget<TimelineWidget>;

/** The history of a file: its versions, a comparison, and ways back. */
export const timelinePlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:timeline',
  description: 'Shows the versions of a file and restores them.',
  autoStart: true,
  requires: [IDocumentManager, IEditorLanguageRegistry, IAuthorship],
  optional: [
    ICommandPalette,
    IFileBrowserFactory,
    ILabShell,
    ILayoutRestorer,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    documents: IDocumentManager,
    languages: IEditorLanguageRegistry,
    authorship: AuthorshipRegistry,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const { commands, shell } = app;
    const access = new OpenDocuments(documents, authorship);
    const tracker = new WidgetTracker<TimelineView>({
      namespace: 'codesyncx-history'
    });

    const setPath = (view: TimelineView, path: string): void => {
      view.content.model.path = path;
      view.title.label = trans.__('History: %1', PathExt.basename(path));
      view.title.caption = trans.__('History of %1', path);
    };
    const open = (path: string): TimelineView => {
      const known = tracker.find(one => one.content.model.path === path);
      if (known) {
        shell.activateById(known.id);
        return known;
      }
      const model = new TimelineModel(path);
      const content = new TimelineWidget(model, access, languages, trans);
      const view = new MainAreaWidget({ content });
      view.toolbar.hide();
      view.id = `codesyncx-history-${Date.now()}`;
      view.title.icon = historyIcon;
      view.title.closable = true;
      setPath(view, path);
      void tracker.add(view);
      model.stateChanged.connect(() => void tracker.save(view));
      shell.add(view, 'main', { mode: 'tab-after' });
      shell.activateById(view.id);
      return view;
    };

    documents.services.contents.fileChanged.connect((_, change) => {
      const oldPath = change.oldValue?.path;
      const path = change.newValue?.path;
      if (change.type !== 'rename' || !oldPath || !path) {
        return;
      }
      tracker
        .filter(view => view.content.model.path === oldPath)
        .forEach(view => setPath(view, path));
    });

    const target = (args: { path?: unknown }): string | null => {
      if (typeof args.path === 'string') {
        return args.path;
      }
      const context = contextOf(shell.currentWidget);
      return context && documents.services.contents.localPath(context.path);
    };
    const args = {
      type: 'object',
      properties: { path: { type: 'string', description: trans.__('A file') } }
    } as const;
    commands.addCommand(OPEN, {
      label: given =>
        given.path ? trans.__('History') : trans.__('History of This File'),
      caption: trans.__('Show the versions of this file and restore them'),
      icon: historyIcon,
      describedBy: { args },
      isEnabled: given => target(given) !== null,
      execute: given => {
        const path = target(given);
        return path === null ? undefined : open(path);
      }
    });
    commands.addCommand(OPEN_DELETIONS, {
      label: trans.__('Put Back What I Deleted…'),
      caption: trans.__('List what you deleted in this file, to put it back'),
      describedBy: { args },
      isEnabled: given => target(given) !== null,
      execute: given => {
        const path = target(given);
        const view = path === null ? undefined : open(path);
        view?.content.model.set('tab', 'deletions');
      }
    });

    [OPEN, OPEN_DELETIONS].forEach((command, index) => {
      palette?.addItem({ command, category: trans.__('History') });
      ['.jp-FileEditor', '.jp-Notebook'].forEach(selector =>
        app.contextMenu.addItem({ command, selector, rank: 62 + index })
      );
    });
    if (browsers) {
      addToFileBrowser(app, browsers, open, trans.__('History'));
    }
    (labShell ?? shell).currentChanged?.connect(() => access.watch(shell));
    void app.restored.then(() => access.watch(shell));
    void restorer?.restore(tracker, {
      command: OPEN,
      args: view => ({ path: view.content.model.path }),
      name: view => view.content.model.path
    });
  }
};

function addToFileBrowser(
  app: JupyterFrontEnd,
  browsers: IFileBrowserFactory,
  open: (path: string) => void,
  label: string
): void {
  const command = 'codesyncx:open-selected-history';
  app.commands.addCommand(command, {
    label,
    icon: historyIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => {
      const items = browsers.tracker.currentWidget?.selectedItems();
      for (const item of items ?? []) {
        if (item.type !== 'directory') {
          open(item.path);
        }
      }
    }
  });
  app.contextMenu.addItem({
    command,
    selector: '.jp-DirListing-item[data-isdir="false"]',
    rank: 8
  });
}

/** The shared documents that are open, and what was deleted in them since. */
class OpenDocuments implements IDocumentAccess {
  constructor(
    private readonly documents: IDocumentManager,
    private readonly authorship: AuthorshipRegistry
  ) {}

  find(path: string): SharedDocument | null {
    return documentOf(this.documents.findWidget(path) ?? null);
  }

  async open(path: string): Promise<SharedDocument | null> {
    const known = this.documents.findWidget(path);
    const widget =
      known ??
      this.documents.open(path, undefined, undefined, {
        activate: false
      });
    const context = contextOf(widget ?? null);
    await context?.ready;
    return documentOf(widget ?? null);
  }

  logOf(document: SharedDocument): DeletionLog {
    let log = this.logs.get(document);
    if (log === undefined) {
      log = new DeletionLog(document);
      this.logs.set(document, log);
    }
    return log;
  }

  colorOf(document: SharedDocument | null, username: string): string {
    return document === null
      ? FOREIGN_COLOR
      : this.authorship.of(document).book.colorOf(username);
  }

  /** Begin to log the deletions in every open document. */
  watch(shell: JupyterFrontEnd.IShell): void {
    for (const widget of shell.widgets('main')) {
      const document = documentOf(widget);
      if (document !== null) {
        this.logOf(document);
      }
    }
  }

  private readonly logs = new WeakMap<SharedDocument, DeletionLog>();
}
