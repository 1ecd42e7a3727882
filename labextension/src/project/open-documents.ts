import { JupyterFrontEnd } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';
import { Widget } from '@lumino/widgets';

/** One open document with every view of it. */
export interface IOpenDocument {
  readonly context: DocumentRegistry.Context;
  readonly widgets: readonly DocumentWidget[];
}

const AREAS = ['main', 'left', 'right', 'down'] as const;

/** Every document that is open in this browser, on the project's own drive. */
export function openDocuments(
  app: JupyterFrontEnd,
  manager: IDocumentManager
): IOpenDocument[] {
  const found = new Map<DocumentRegistry.Context, DocumentWidget[]>();
  const { contents } = app.serviceManager;
  for (const widget of allWidgets(app)) {
    const context = manager.contextForWidget(widget);
    if (!(widget instanceof DocumentWidget)) {
      continue;
    }
    if (context && contents.driveName(context.path) === '') {
      const widgets = found.get(context) ?? [];
      widgets.push(widget as DocumentWidget);
      found.set(context, widgets);
    }
  }
  return Array.from(found, ([context, widgets]) => ({ context, widgets }));
}

function* allWidgets(app: JupyterFrontEnd): Iterable<Widget> {
  for (const area of AREAS) {
    yield* app.shell.widgets(area);
  }
}
