import type { YBaseCell, YFile, YNotebook } from '@jupyter/ydoc';
import { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import type * as nbformat from '@jupyterlab/nbformat';
import type { ISharedText } from '@jupyter/ydoc';
import { Widget } from '@lumino/widgets';

/** The shared models that have a history. */
export type SharedDocument = YFile | YNotebook;

/** A shared text with its Yjs type: a file or a cell. */
export type SharedText = YFile | YBaseCell<nbformat.IBaseCellMetadata>;

/** Whether a shared model is a notebook's. */
export function isNotebook(document: SharedDocument): document is YNotebook {
  return 'cells' in document;
}

/** The shared document that a main area widget shows, if it has one. */
export function documentOf(widget: Widget | null): SharedDocument | null {
  const context = contextOf(widget);
  const model = context?.model.sharedModel as Partial<SharedDocument> | null;
  return model && ('ysource' in model || 'cells' in model)
    ? (model as SharedDocument)
    : null;
}

/** The context of a document widget. */
export function contextOf(
  widget: Widget | null
): DocumentRegistry.Context | null {
  const context = (widget as Partial<IDocumentWidget> | null)?.context;
  return context ?? null;
}

/** The text behind an editor with its document; null for an editor that shares nothing. */
export function textOf(
  model: ISharedText
): { text: SharedText; document: SharedDocument } | null {
  if (!('ysource' in model)) {
    return null;
  }
  const text = model as SharedText;
  if ('ymodel' in text) {
    const notebook = text.notebook;
    return notebook && { text, document: notebook };
  }
  return { text, document: text };
}
