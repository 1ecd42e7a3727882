import type { YNotebook } from '@jupyter/ydoc';
import type * as nbformat from '@jupyterlab/nbformat';

import { CellStep, restoreSteps } from './notebook-restore';
import { notebookText, parseNotebook, plainCell } from './notebook-text';
import { isNotebook, SharedDocument, SharedText } from './shared-documents';
import { applyEdits, ITextEdit, likeDocument, textEdits } from './text-edits';

/**
 * Make the document what a version was, as one edit that undo takes back.
 *
 * False when the version is no notebook but the document is one.
 */
export function restoreVersion(
  document: SharedDocument,
  content: string
): boolean {
  if (!isNotebook(document)) {
    const version = likeDocument(content, document.source);
    editText(document, textEdits(document.source, version));
    return true;
  }
  const version = parseNotebook(content);
  if (version === null) {
    return false;
  }
  restoreCells(document, version.cells);
  return true;
}

/** Make edits of a text as one step of its undo history. */
export function editText(text: SharedText, edits: ITextEdit[]): void {
  if (!edits.length) {
    return;
  }
  text.undoManager?.stopCapturing();
  text.transact(() => changeText(text, edits));
  text.undoManager?.stopCapturing();
}

/** The cells of an open notebook, as a version has them. */
export function presentCells(notebook: YNotebook): nbformat.ICell[] {
  return notebook.cells.map(cell => plainCell(cell.toJSON()));
}

/** A notebook's text to read and compare, without a look at its outputs. */
export function readableText(
  notebook: YNotebook
): ReturnType<typeof notebookText> {
  const cells = notebook.cells.map(cell => ({
    cell_type: cell.cell_type,
    source: cell.source,
    metadata: {}
  }));
  return notebookText({ cells });
}

/** Bring back one cell of a version: its content, or itself where it was. */
export function restoreCell(
  notebook: YNotebook,
  cells: nbformat.ICell[],
  index: number
): void {
  const present = presentCells(notebook);
  const cell = cells[index];
  const at = present.findIndex(other => other.id === cell.id);
  const target = [...present];
  if (at >= 0) {
    target[at] = cell;
  } else {
    const before = cells
      .slice(0, index)
      .reverse()
      .map(other => present.findIndex(one => one.id === other.id))
      .find(position => position >= 0);
    target.splice((before ?? -1) + 1, 0, cell);
  }
  restoreCells(notebook, target);
}

function restoreCells(notebook: YNotebook, target: nbformat.ICell[]): void {
  const steps = restoreSteps(presentCells(notebook), target);
  if (!steps.length) {
    return;
  }
  notebook.undoManager.stopCapturing();
  notebook.transact(() => steps.forEach(step => runStep(notebook, step)));
  notebook.undoManager.stopCapturing();
}

function runStep(notebook: YNotebook, step: CellStep): void {
  if (step.type === 'delete') {
    notebook.deleteCell(step.index);
  } else if (step.type === 'insert') {
    notebook.insertCell(step.index, step.cell);
  } else {
    updateCell(notebook, step.index, step.cell);
  }
}

function updateCell(
  notebook: YNotebook,
  index: number,
  cell: nbformat.ICell
): void {
  const shared = notebook.getCell(index);
  changeText(shared, textEdits(shared.source, String(cell.source)));
  shared.setMetadata(cell.metadata);
  if (shared.cell_type === 'code' && 'setOutputs' in shared) {
    const outputs = (cell.outputs ?? []) as nbformat.IOutput[];
    shared.setOutputs(outputs);
    shared.execution_count = (cell.execution_count ?? null) as number | null;
  } else if ('setAttachments' in shared) {
    shared.setAttachments(cell.attachments as nbformat.IAttachments);
  }
}

function changeText(text: SharedText, edits: ITextEdit[]): void {
  applyEdits(edits, (from, to, insert) => text.updateSource(from, to, insert));
}
