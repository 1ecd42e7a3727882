import { JupyterFrontEnd } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import { FileEditor } from '@jupyterlab/fileeditor';
import { Notebook } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import { DocumentProvider } from './document-provider';

/** More than so many fresh starts within the time, and something starts them itself. */
const MOST = 3;
const WITHIN_MS = 30_000;

/** Closes the tabs of a document and opens them again where they were, with a fresh copy. */
export class Reopener {
  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly documents: IDocumentManager,
    private readonly trans: TranslationBundle
  ) {}

  /** Returns false when it was done too often lately. */
  reopen(provider: DocumentProvider, isAsked = false): boolean {
    const now = Date.now();
    const recent = (this.starts.get(provider.path) ?? []).filter(
      start => now - start < WITHIN_MS
    );
    if (recent.length >= MOST && !isAsked) {
      return false;
    }
    this.starts.set(provider.path, [...recent, now]);
    this.widgetsOf(provider).forEach(one => this.replace(one));
    return true;
  }

  /** Close the tabs of a document that is no more. */
  close(provider: DocumentProvider): void {
    this.widgetsOf(provider).forEach(({ widget }) => widget.dispose());
  }

  private widgetsOf(provider: DocumentProvider): IOpenDocument[] {
    return [...this.shell.widgets('main')].flatMap(widget => {
      const context = this.documents.contextForWidget(widget);
      return context?.model.sharedModel === provider.model
        ? [{ widget: widget as IDocumentWidget, context }]
        : [];
    });
  }

  private replace({ widget, context }: IOpenDocument): void {
    const { path } = context;
    const factory = this.findFactory(widget, path);
    const isCurrent = this.shell.currentWidget === widget;
    // The kernel belongs to the path and outlives the tab.
    context.sessionContext.kernelPreference = {
      ...context.sessionContext.kernelPreference,
      shutdownOnDispose: false
    };
    const placeholder = this.createPlaceholder(widget.title.label);
    this.shell.add(placeholder, 'main', {
      ref: widget.id,
      mode: 'tab-after',
      activate: false
    });
    const restorePlace = rememberPlace(widget.content);
    widget.dispose();
    const opened = this.documents.openOrReveal(path, factory, undefined, {
      ref: placeholder.id,
      mode: 'tab-after',
      activate: isCurrent
    });
    placeholder.dispose();
    void opened?.context.ready.then(() => restorePlace(opened.content));
  }

  private findFactory(widget: Widget, path: string): string | undefined {
    return this.documents.registry
      .preferredWidgetFactories(path)
      .map(factory => factory.name)
      .find(name => this.documents.findWidget(path, name) === widget);
  }

  /** Keeps the place among the tabs for the moment between closing and opening. */
  private createPlaceholder(label: string): Widget {
    const placeholder = new Widget();
    placeholder.node.textContent = this.trans.__('Opening the shared version…');
    placeholder.id = `csx-reopening-${UUID.uuid4()}`;
    placeholder.title.label = label;
    return placeholder;
  }

  private readonly starts = new Map<string, number[]>();
}

/** Note where the person was; the returned function brings them there again. */
function rememberPlace(content: Widget): (content: Widget) => void {
  if (content instanceof FileEditor) {
    const position = content.editor.getCursorPosition();
    return opened => {
      if (opened instanceof FileEditor) {
        const line = Math.min(position.line, opened.editor.lineCount - 1);
        opened.editor.setCursorPosition({ ...position, line });
      }
    };
  }
  if (content instanceof Notebook) {
    const { activeCellIndex } = content;
    return opened => {
      if (opened instanceof Notebook) {
        opened.activeCellIndex = activeCellIndex;
      }
    };
  }
  return () => undefined;
}

interface IOpenDocument {
  widget: IDocumentWidget;
  context: DocumentRegistry.Context;
}
