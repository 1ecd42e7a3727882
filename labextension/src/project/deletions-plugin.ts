import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { showErrorMessage } from '@jupyterlab/apputils';
import { requestDocSession } from '@jupyter/docprovider';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IEventStream, IServerEvent } from '../api/events';
import { DeletionBanner, IBannerContent } from './deletion-banner';
import { ILoss, tellLoss, tellReturn } from './deletion';
import {
  covers,
  IFileEvent,
  isBatch,
  leavesNothing,
  pathAfter,
  readFileEvent
} from './file-events';
import { contentOf, exists, keepCopy, replace } from './keep-copy';
import { IOpenDocument, openDocuments } from './open-documents';

/** One document whose file is gone, with a banner in each of its views. */
class LostDocument {
  constructor(
    readonly document: IOpenDocument,
    readonly loss: ILoss
  ) {}

  present(content: IBannerContent): void {
    for (const widget of this.document.widgets) {
      const banner = this.banners.find(each => each.parent?.parent === widget);
      if (banner) {
        banner.present(content);
      } else if (!widget.isDisposed) {
        const added = new DeletionBanner(content);
        this.banners.push(added);
        widget.contentHeader.insertWidget(0, added);
      }
    }
  }

  clear(): void {
    this.banners.splice(0).forEach(banner => banner.dispose());
  }

  private readonly banners: DeletionBanner[] = [];
}

/** Tells people whose document was deleted, and lets them keep what they have. */
class Deletions {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly manager: IDocumentManager,
    translator: ITranslator
  ) {
    this.trans = translator.load('codesyncx');
  }

  hear(serverEvent: IServerEvent): void {
    const event = readFileEvent(serverEvent);
    if (event !== null) {
      this.follow(event);
    } else if (isBatch(serverEvent)) {
      this.check();
    }
  }

  /** Look whether documents lost or found their files while nobody told. */
  check(): void {
    for (const document of openDocuments(this.app, this.manager)) {
      this.lookAt(document).catch(warn);
    }
  }

  private follow(event: IFileEvent): void {
    for (const document of openDocuments(this.app, this.manager)) {
      const { localPath } = document.context;
      if (pathAfter(localPath, event) === null) {
        this.lose(document, event);
      } else if (!leavesNothing(event) && covers(event.path, localPath)) {
        this.found(document, event).catch(warn);
      }
    }
  }

  private lose(document: IOpenDocument, event: IFileEvent): void {
    const { context } = document;
    if (this.lost.has(context) || context.isDisposed) {
      return;
    }
    const lost = new LostDocument(document, { path: context.localPath, event });
    this.lost.set(context, lost);
    context.disposed.connect(() => this.lost.delete(context));
    lost.present({
      headline: tellLoss(lost.loss, this.me, this.trans),
      detail: this.trans.__('What you type here is not saved any more.'),
      actions: this.actionsFor(lost)
    });
  }

  private async found(
    document: IOpenDocument,
    event: IFileEvent
  ): Promise<void> {
    const { context } = document;
    const lost = this.lost.get(context);
    const path = context.localPath;
    const { contents } = this.app.serviceManager;
    if (!lost || !(await exists(path, contents)) || !isOpen(context)) {
      return;
    }
    if (await isSameFile(context)) {
      lost.clear();
      this.lost.delete(context);
      return;
    }
    const mine = contentOf(context);
    const theirs = await contents.get(path, {
      content: true,
      type: mine.type,
      format: mine.format ?? undefined
    });
    if (!isOpen(context)) {
      return;
    }
    if (JSON.stringify(theirs.content) === JSON.stringify(mine.content)) {
      await replace(document, path, this.app.shell, this.manager);
      return;
    }
    lost.present({
      headline: tellReturn(path, event, this.me, this.trans),
      detail: '',
      actions: [
        {
          label: this.trans.__('Open the new one'),
          isMain: true,
          run: () => {
            replace(document, path, this.app.shell, this.manager).catch(warn);
          }
        },
        ...this.actionsFor(lost)
      ]
    });
  }

  private async lookAt(document: IOpenDocument): Promise<void> {
    const { context } = document;
    const path = context.localPath;
    const event: IFileEvent = {
      kind: 'deleted',
      path,
      oldPath: null,
      username: null,
      name: null,
      isDir: false
    };
    if (!(await exists(path, this.app.serviceManager.contents))) {
      this.lose(document, event);
    } else {
      await this.found(document, event);
    }
  }

  private actionsFor(lost: LostDocument): IBannerContent['actions'] {
    const { document } = lost;
    return [
      {
        label: this.trans.__('Keep a copy…'),
        isMain: true,
        run: () => {
          this.keep(document).catch((error: unknown) => {
            void showErrorMessage(
              this.trans.__('The copy could not be saved'),
              error instanceof Error ? error.message : String(error)
            );
          });
        }
      },
      {
        label: this.trans.__('Close'),
        isMain: false,
        run: () => {
          const { context } = document;
          context.model.dirty = false;
          this.manager.closeFile(context.localPath).catch(warn);
        }
      }
    ];
  }

  private async keep(document: IOpenDocument): Promise<void> {
    const { contents } = this.app.serviceManager;
    const path = await keepCopy(document.context, contents, this.trans);
    if (path !== null && isOpen(document.context)) {
      await replace(document, path, this.app.shell, this.manager);
    }
  }

  private get me(): string {
    return this.app.serviceManager.user.identity?.username ?? '';
  }

  private readonly trans;
  private readonly lost = new Map<DocumentRegistry.Context, LostDocument>();
}

/** Whether the shared document is still the one of the file at its path. */
async function isSameFile(context: DocumentRegistry.Context): Promise<boolean> {
  const id = context.model.sharedModel.getState('document_id');
  if (typeof id !== 'string') {
    return !context.model.collaborative;
  }
  const [format, type, fileId] = id.split(':');
  const session = await requestDocSession(format, type, context.localPath);
  return session.fileId === fileId;
}

function isOpen(context: DocumentRegistry.Context): boolean {
  return !context.isDisposed;
}

function warn(error: unknown): void {
  console.warn('An open document could not be compared with its file', error);
}

/** Shows in an open document that somebody deleted its file. */
export const deletionsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:deletions',
  description: 'Says who deleted the file of an open document.',
  autoStart: true,
  requires: [IEventStream, IDocumentManager],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    stream: IEventStream,
    manager: IDocumentManager,
    translator: ITranslator | null
  ): void => {
    const deletions = new Deletions(app, manager, translator ?? nullTranslator);
    stream.received.connect((_, event) => deletions.hear(event));
    stream.reset.connect(() => deletions.check());
  }
};
