import { JupyterFrontEnd } from '@jupyterlab/application';
import { CodeEditor } from '@jupyterlab/codeeditor';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import { URLExt } from '@jupyterlab/coreutils';
import {
  DocumentRegistry,
  DocumentWidget,
  IDocumentWidget
} from '@jupyterlab/docregistry';
import { FileEditor } from '@jupyterlab/fileeditor';
import { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import { ServerConnection } from '@jupyterlab/services';
import type * as Y from 'yjs';

import { createCodeLink, fence, ICodeLink, locate, textOf } from './code-link';
import { highlight } from './highlight';

/** An editor that is in use, and the shared text behind it. */
interface ISource {
  editor: CodeEditor.IEditor;
  text: Y.Text;
  path: string;
  fileId?: string;
  cellId?: string;
  language: string;
}

interface IYSource {
  readonly ysource: Y.Text;
}

interface IStateful {
  getState(key: string): unknown;
}

/** A link to the selected lines, and the message that shows them. */
export interface ISelectionMessage {
  body: string;
  link: ICodeLink;
}

/** Whether there is code in front of the person that could be sent. */
export function hasSource(app: JupyterFrontEnd): boolean {
  return findSource(app) !== null;
}

/** Describe what is selected in the current editor, or the line of the cursor; null without one. */
export function describeSelection(
  app: JupyterFrontEnd
): ISelectionMessage | null {
  const source = findSource(app);
  if (!source) {
    return null;
  }
  const { editor, text } = source;
  const { start, end } = editor.getSelection();
  const ordered = editor.getOffsetAt(start) <= editor.getOffsetAt(end);
  const first = ordered ? start : end;
  const last = ordered ? end : start;
  // Whole lines; a selection that ends before the first character of a line leaves it out.
  const endsAtLineStart = last.line > first.line && last.column === 0;
  const lastLine = endsAtLineStart ? last.line - 1 : last.line;
  const from = editor.getOffsetAt({ line: first.line, column: 0 });
  const length = editor.getLine(lastLine)?.length ?? 0;
  const to = editor.getOffsetAt({ line: lastLine, column: length });
  if (to <= from) {
    return null;
  }
  const link = createCodeLink(text, from, to, source);
  const code = textOf(text).slice(from, to);
  return {
    link,
    body: fence(code, source.language)
  };
}

/** Open the file of a link and show the lines where they are now; false when they are gone. */
export async function openCodeLink(
  app: JupyterFrontEnd,
  link: ICodeLink
): Promise<boolean> {
  const path = (await currentPath(app, link)) ?? link.path;
  const widget = (await app.commands.execute('docmanager:open', { path })) as
    IDocumentWidget | undefined;
  if (!widget) {
    return false;
  }
  await widget.context.ready;
  app.shell.activateById(widget.id);
  if (widget instanceof NotebookPanel) {
    return showInNotebook(widget.content, link);
  }
  if (!(widget.content instanceof FileEditor)) {
    return false;
  }
  await widget.revealed;
  const place = locate(link, sourceText(widget.context.model.sharedModel));
  const editor = widget.content.editor;
  if (!place || !(editor instanceof CodeMirrorEditor)) {
    return false;
  }
  highlight(editor, place.start, place.end);
  return place.exact;
}

async function showInNotebook(
  notebook: Notebook,
  link: ICodeLink
): Promise<boolean> {
  const index = notebook.widgets.findIndex(
    cell => cell.model.sharedModel.getId() === link.cell_id
  );
  if (index === -1) {
    return false;
  }
  const cell = notebook.widgets[index];
  notebook.activeCellIndex = index;
  await notebook.scrollToCell(cell, 'center');
  await cell.ready;
  const place = locate(link, sourceText(cell.model.sharedModel));
  if (!place || !(cell.editor instanceof CodeMirrorEditor)) {
    return false;
  }
  notebook.mode = 'edit';
  highlight(cell.editor, place.start, place.end);
  return place.exact;
}

function findSource(app: JupyterFrontEnd): ISource | null {
  const widget = app.shell.currentWidget;
  if (!(widget instanceof DocumentWidget)) {
    return null;
  }
  const context = widget.context as DocumentRegistry.Context;
  const file = { path: context.path, fileId: fileId(context) };
  if (widget instanceof NotebookPanel) {
    const cell = widget.content.activeCell;
    const language =
      cell?.model.type === 'code'
        ? (widget.model?.defaultKernelLanguage ?? '')
        : 'markdown';
    return cell?.editor
      ? {
          ...file,
          editor: cell.editor,
          text: sourceText(cell.model.sharedModel),
          cellId: cell.model.sharedModel.getId(),
          language
        }
      : null;
  }
  if (widget.content instanceof FileEditor) {
    return {
      ...file,
      editor: widget.content.editor,
      text: sourceText(context.model.sharedModel),
      language: app.docRegistry.getFileTypesForPath(file.path)[0]?.name ?? ''
    };
  }
  return null;
}

function sourceText(sharedModel: unknown): Y.Text {
  return (sharedModel as IYSource).ysource;
}

/** The provider notes the room, `format:type:file id`, in the document's state. */
function fileId(context: DocumentRegistry.Context): string | undefined {
  const model = context.model.sharedModel as unknown as Partial<IStateful>;
  const room = model.getState?.('document_id');
  return typeof room === 'string' ? room.split(':').pop() : undefined;
}

async function currentPath(
  app: JupyterFrontEnd,
  link: ICodeLink
): Promise<string | null> {
  if (!link.file_id) {
    return null;
  }
  const settings = app.serviceManager.serverSettings;
  const query = URLExt.objectToQueryString({ id: link.file_id });
  const url = URLExt.join(settings.baseUrl, 'api/fileid/path') + query;
  const response = await ServerConnection.makeRequest(url, {}, settings);
  if (!response.ok) {
    return null;
  }
  const { path } = (await response.json()) as { path?: string };
  return path ?? null;
}
