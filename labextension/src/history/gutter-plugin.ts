import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import {
  CodeMirrorEditor,
  EditorExtensionRegistry,
  IEditorExtensionRegistry
} from '@jupyterlab/codemirror';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { FileEditor } from '@jupyterlab/fileeditor';
import { INotebookTracker, Notebook } from '@jupyterlab/notebook';
import {
  ITranslator,
  nullTranslator,
  TranslationBundle
} from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import { authorGutter, showLineAuthor } from './author-gutter';
import { AuthorRuns } from './author-runs';
import { AuthorshipRegistry } from './authorship';
import {
  contextOf,
  documentOf,
  SharedDocument,
  SharedText,
  textOf
} from './shared-documents';

/** Who wrote which line, by open document. */
export const IAuthorship = new Token<AuthorshipRegistry>(
  'codesyncx:IAuthorship',
  'Who wrote which line of each open document.'
);

const TOGGLE = 'codesyncx:toggle-line-authors';
const SHOW_ONE = 'codesyncx:show-line-author';

/** "Show who wrote each line", in every editor of a shared document. */
export const gutterPlugin: JupyterFrontEndPlugin<AuthorshipRegistry> = {
  id: 'codesyncx:line-authors',
  description: 'Shows who wrote each line.',
  autoStart: true,
  provides: IAuthorship,
  requires: [IEditorExtensionRegistry, IDocumentManager],
  optional: [ICommandPalette, INotebookTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    extensions: IEditorExtensionRegistry,
    documents: IDocumentManager,
    palette: ICommandPalette | null,
    _notebooks: INotebookTracker | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const registry = new AuthorshipRegistry(document =>
      documents.services.contents.localPath(pathOf(app, document))
    );
    extensions.addExtension({
      name: 'codesyncx-line-authors',
      factory: ({ model }) => {
        const found = textOf(model.sharedModel);
        return (
          found &&
          EditorExtensionRegistry.createImmutableExtension(
            authorGutter(found.text, registry.of(found.document), trans)
          )
        );
      }
    });
    addCommands(app, registry, trans);
    for (const command of [TOGGLE, SHOW_ONE]) {
      palette?.addItem({ command, category: trans.__('History') });
    }
    ['.jp-FileEditor', '.jp-Notebook'].forEach(selector => {
      app.contextMenu.addItem({ command: TOGGLE, selector, rank: 60 });
      app.contextMenu.addItem({ command: SHOW_ONE, selector, rank: 61 });
    });
    return registry;
  }
};

function addCommands(
  app: JupyterFrontEnd,
  registry: AuthorshipRegistry,
  trans: TranslationBundle
): void {
  const current = (): SharedDocument | null =>
    documentOf(app.shell.currentWidget);
  app.commands.addCommand(TOGGLE, {
    label: trans.__('Show Who Wrote Each Line'),
    caption: trans.__('Show beside each line who wrote it'),
    describedBy: { args: { type: 'object', properties: {} } },
    isToggleable: true,
    isEnabled: () => current() !== null,
    isToggled: () => {
      const document = current();
      return document !== null && registry.of(document).isShown;
    },
    execute: () => {
      const document = current();
      if (document !== null) {
        const authorship = registry.of(document);
        authorship.isShown = !authorship.isShown;
      }
    }
  });
  app.commands.addCommand(SHOW_ONE, {
    label: trans.__('Show Who Wrote This Line'),
    caption: trans.__('Tell who wrote the line with the cursor'),
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: () => currentEditor(app.shell.currentWidget) !== null,
    execute: async () => {
      const document = current();
      const found = currentEditor(app.shell.currentWidget);
      if (document === null || found === null) {
        return;
      }
      const authorship = registry.of(document);
      const clientIds = AuthorRuns.of(found.text.ysource).clientIds();
      await authorship.book.refresh(clientIds);
      showLineAuthor(found.editor.editor, found.text, authorship, trans);
      found.editor.focus();
    }
  });
  app.shell.currentChanged?.connect(() =>
    app.commands.notifyCommandChanged(TOGGLE)
  );
}

function currentEditor(
  widget: Widget | null
): { editor: CodeMirrorEditor; text: SharedText } | null {
  const content = (widget as { content?: unknown } | null)?.content;
  const editor =
    content instanceof FileEditor
      ? content.editor
      : content instanceof Notebook
        ? content.activeCell?.editor
        : null;
  const found = editor && textOf(editor.model.sharedModel);
  return found && editor instanceof CodeMirrorEditor
    ? { editor, text: found.text }
    : null;
}

/** The path of an open document, which may change while it is open. */
function pathOf(app: JupyterFrontEnd, document: SharedDocument): string {
  for (const widget of app.shell.widgets('main')) {
    if (documentOf(widget) === document) {
      return contextOf(widget)?.path ?? '';
    }
  }
  return '';
}
