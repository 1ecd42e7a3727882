/** What the person sees of lines and drafts. */
import { DocumentChange, YDocument } from '@jupyter/ydoc';
import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Clipboard,
  ICommandPalette,
  MainAreaWidget,
  Notification
} from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';

import { createComparison } from './compare';
import { DocumentProvider } from './document-provider';
import { IDraft } from './draft';
import { DraftBanner } from './draft-banner';
import { ConnectionIndicator } from './indicator';
import { ILinkStatus } from './link-status';
import { Reopener } from './reopen';
import { IConnections } from './tokens';
import { explainRefusal } from './wording';

/** Documents whose drafts stand above them. */
const HAS_BANNER: ReadonlySet<string> = new Set(['file', 'notebook']);

const RECONNECT = 'codesyncx:reconnect';

/** The one to show when the current tab is no shared document: the worst there is, if bad. */
function worst(providers: Iterable<DocumentProvider>): ILinkStatus | null {
  const all = [...providers].map(provider => provider.link.status);
  return (
    all.find(status => status.state === 'refused') ??
    all.find(status => status.state === 'offline') ??
    all.find(status => status.state === 'unsaved') ??
    null
  );
}

function providerOf(
  lines: IConnections,
  documents: IDocumentManager,
  widget: Widget | null
): DocumentProvider | undefined {
  const context = widget ? documents.contextForWidget(widget) : undefined;
  return context ? findByContext(lines, context) : undefined;
}

function findByContext(
  lines: IConnections,
  context: DocumentRegistry.Context
): DocumentProvider | undefined {
  // Every shared model in JupyterLab with RTC is a YDocument.
  return lines.find(
    context.model.sharedModel as unknown as YDocument<DocumentChange>
  );
}

/** Puts an indicator on every shared document and the drafts above it. */
class DocumentExtension implements DocumentRegistry.IWidgetExtension<
  Widget,
  DocumentRegistry.IModel
> {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly lines: IConnections,
    private readonly trans: TranslationBundle
  ) {}

  createNew(
    widget: Widget,
    context: DocumentRegistry.Context
  ): IDisposable | undefined {
    const provider = findByContext(this.lines, context);
    if (!provider || !(widget instanceof MainAreaWidget)) {
      return undefined;
    }
    const { trans, lines, app } = this;
    const indicator = new ConnectionIndicator({
      status: () => provider.link.status,
      changed: provider.link.statusChanged,
      trans,
      onClick: () => void app.commands.execute(RECONNECT),
      isQuiet: true
    });
    const banner = new DraftBanner({
      provider,
      drafts: lines.drafts,
      trans,
      onCompare: draft => {
        const comparison = createComparison(provider, draft, trans);
        app.shell.add(comparison, 'main', {
          ref: widget.id,
          mode: 'split-right'
        });
      }
    });
    // Over the document rather than in its toolbar: what is typed mustn't move when it appears.
    indicator.addClass('csx-mod-floating');
    const float = () => {
      if (widget.isAttached && !indicator.isAttached) {
        Widget.attach(indicator, widget.node);
      }
    };
    provider.link.statusChanged.connect(float);
    widget.contentHeader.addWidget(banner);
    return new DisposableDelegate(() => {
      provider.link.statusChanged.disconnect(float);
      indicator.dispose();
      banner.dispose();
    });
  }
}

/** The server's word for a part of a file whose reader may read all of it by now. */
const OUTGROWN = 'outgrown';

const status: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:connection-status',
  description:
    'Says how the lines of documents are, and brings unsent edits back.',
  autoStart: true,
  requires: [IConnections, IDocumentManager, ITranslator],
  optional: [IStatusBar, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    lines: IConnections,
    documents: IDocumentManager,
    translator: ITranslator,
    statusBar: IStatusBar | null,
    palette: ICommandPalette | null
  ) => {
    const trans = translator.load('codesyncx');
    const reopener = new Reopener(app.shell, documents, trans);
    lines.restarting.connect((_, { provider, verdict, draft }) => {
      if (lines.isShutOut) {
        return;
      }
      if (verdict.code !== OUTGROWN) {
        reopener.reopen(provider);
        return;
      }
      reopener.close(provider);
      Notification.info(verdict.message, { autoClose: 10_000 });
      if (draft) {
        announce(draft, trans);
        void lines.drafts.discard(draft);
      }
    });
    lines.drafts.changed.connect((drafts, document) => {
      const owner = [...lines.providers].find(one => one.storeKey === document);
      const isElsewhere = owner && !HAS_BANNER.has(owner.contentType);
      if (isElsewhere && !lines.isShutOut) {
        for (const draft of drafts.of(document)) {
          announce(draft, trans);
          void drafts.discard(draft);
        }
      }
    });
    app.commands.addCommand(RECONNECT, {
      label: trans.__('Reconnect Now'),
      caption: trans.__('Try to reach the server without waiting'),
      execute: () => {
        for (const provider of lines.providers) {
          if (provider.link.isEnded) {
            reopener.reopen(provider, true);
          } else if (provider.link.status.state === 'unsaved') {
            // How it went is told by the document.
            provider.save().catch(() => undefined);
          }
        }
        lines.reconnect(true);
      }
    });
    palette?.addItem({
      command: RECONNECT,
      category: trans.__('Collaboration')
    });
    extendDocuments(app, new DocumentExtension(app, lines, trans));
    if (statusBar) {
      const item = new ConnectionIndicator({
        status: () => {
          const current = providerOf(lines, documents, app.shell.currentWidget);
          return current?.link.status ?? worst(lines.providers);
        },
        changed: lines.changed,
        trans,
        onClick: () => void app.commands.execute(RECONNECT)
      });
      app.shell.currentChanged?.connect(() => item.refresh());
      statusBar.registerStatusItem('codesyncx:connection-status', {
        item,
        align: 'right',
        rank: 10
      });
    }
  }
};

/** A draft of what has no tab to show it in, as a chat message. */
function announce(draft: IDraft, trans: TranslationBundle): void {
  const text = draft.parts.map(part => part.mine).join('\n');
  const reason = draft.message || explainRefusal(draft.code, trans);
  Notification.warning(trans.__('Not sent: %1 (%2)', text.trim(), reason), {
    autoClose: false,
    actions: [
      {
        label: trans.__('Copy'),
        callback: () => Clipboard.copyToSystem(text)
      }
    ]
  });
}

/** Extend the widgets of every factory, of those that come later too. */
function extendDocuments(
  { docRegistry }: JupyterFrontEnd,
  extension: DocumentRegistry.WidgetExtension
): void {
  for (const factory of docRegistry.widgetFactories()) {
    docRegistry.addWidgetExtension(factory.name, extension);
  }
  docRegistry.changed.connect((_, { type, change, name }) => {
    if (type === 'widgetFactory' && change === 'added' && name) {
      const factory = docRegistry.getWidgetFactory(name);
      docRegistry.addWidgetExtension(factory?.name ?? name, extension);
    }
  });
}

export const statusPlugins: JupyterFrontEndPlugin<unknown>[] = [status];
