/** Places in the documents on this page: reading mine, going to another's. */

import { LabShell } from '@jupyterlab/application';
import { CodeEditor } from '@jupyterlab/codeeditor';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentWidget, IDocumentWidget } from '@jupyterlab/docregistry';
import { FileEditor } from '@jupyterlab/fileeditor';
import { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import { Widget } from '@lumino/widgets';

import { IPlace, MAX_OPEN } from './protocol';

const NOWHERE: IPlace = { path: null, kind: 'file' };

/** The document in a widget of the main area, null when it holds none. */
export function documentIn(widget: Widget | null): IDocumentWidget | null {
  return widget instanceof DocumentWidget ? widget : null;
}

/** Where the person is who looks at this widget. */
export function placeIn(widget: Widget | null): IPlace {
  const document = documentIn(widget);
  if (!document) {
    return NOWHERE;
  }
  const path = document.context.path;
  if (document instanceof NotebookPanel) {
    return { path, kind: 'notebook', ...cellIn(document.content) };
  }
  const line =
    document.content instanceof FileEditor
      ? document.content.editor.getCursorPosition().line + 1
      : undefined;
  return { path, kind: 'file', line };
}

function cellIn(notebook: Notebook): Partial<IPlace> {
  const cell = notebook.activeCell;
  if (!cell) {
    return {};
  }
  const editor = notebook.mode === 'edit' ? cell.editor : null;
  return {
    cell_id: cell.model.id,
    cell_index: notebook.activeCellIndex + 1,
    line: editor ? editor.getCursorPosition().line + 1 : undefined
  };
}

/** The paths of the documents on the page, the present one first. */
export function openPaths(shell: LabShell): string[] {
  const current = documentIn(shell.currentWidget)?.context.path;
  const paths = new Set<string>(current === undefined ? [] : [current]);
  for (const widget of shell.widgets('main')) {
    const path = documentIn(widget)?.context.path;
    if (path !== undefined) {
      paths.add(path);
    }
  }
  return [...paths].slice(0, MAX_OPEN);
}

export interface IGoOptions {
  /** Put the cursor there and take the keyboard; else only look. */
  readonly enter: boolean;
  /** Asked again after each wait: whether to go on. */
  readonly isWanted?: () => boolean;
}

/** Open the document of a place and show the place; false when it can't be opened. */
export async function goTo(
  documents: IDocumentManager,
  place: IPlace,
  options: IGoOptions
): Promise<boolean> {
  if (place.path === null) {
    return false;
  }
  const widget =
    documents.findWidget(place.path) ?? documents.open(place.path, 'default');
  if (!widget) {
    return false;
  }
  documents.openOrReveal(place.path);
  await widget.context.ready;
  await widget.revealed;
  if (widget.isDisposed || options.isWanted?.() === false) {
    return true;
  }
  if (widget instanceof NotebookPanel) {
    await showCell(widget.content, place, options);
  } else if (widget.content instanceof FileEditor) {
    showLine(widget.content.editor, place.line, options);
  }
  return true;
}

async function showCell(
  notebook: Notebook,
  place: IPlace,
  options: IGoOptions
): Promise<void> {
  const index = cellIndexOf(notebook, place);
  if (index < 0) {
    return;
  }
  await notebook.scrollToItem(index, 'smart', 0);
  const cell = notebook.widgets[index];
  await cell.ready;
  if (cell.isDisposed || options.isWanted?.() === false) {
    return;
  }
  if (options.enter) {
    notebook.deselectAll();
    notebook.activeCellIndex = index;
    notebook.mode = place.line === undefined ? 'command' : 'edit';
  }
  if (cell.editor && place.line !== undefined) {
    showLine(cell.editor, place.line, options);
  } else if (options.enter) {
    notebook.activate();
  }
}

function cellIndexOf(notebook: Notebook, place: IPlace): number {
  const byId = notebook.widgets.findIndex(
    cell => cell.model.id === place.cell_id
  );
  return byId >= 0
    ? byId
    : Math.min((place.cell_index ?? 0) - 1, notebook.widgets.length - 1);
}

function showLine(
  editor: CodeEditor.IEditor,
  line: number | undefined,
  options: IGoOptions
): void {
  if (line === undefined) {
    if (options.enter) {
      editor.focus();
    }
    return;
  }
  const position = {
    line: Math.max(0, Math.min(line, editor.lineCount) - 1),
    column: 0
  };
  if (options.enter) {
    editor.setCursorPosition(position);
    editor.focus();
  }
  if (editor instanceof CodeMirrorEditor) {
    editor.revealPosition(position, { block: 'center' });
  } else {
    editor.revealPosition(position);
  }
}
