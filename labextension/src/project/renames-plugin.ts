import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import {
  Contents,
  IContentProvider,
  IDefaultDrive
} from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { IEventStream } from '../api/events';
import { IFileEvent, pathAfter, readFileEvent } from './file-events';
import { openDocuments } from './open-documents';

/**
 * Reports to JupyterLab, as a drive reports its own, what others did to files.
 *
 * It provides no contents: providers are the way by which a drive takes in such reports.
 */
class RemoteChanges implements IContentProvider {
  constructor(private readonly drive: Contents.IDrive) {}

  get fileChanged(): ISignal<IContentProvider, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  get(
    localPath: string,
    options?: Contents.IFetchOptions
  ): Promise<Contents.IModel> {
    return this.drive.get(localPath, {
      ...options,
      contentProviderId: undefined
    });
  }

  save(
    localPath: string,
    options?: Partial<Contents.IModel>
  ): Promise<Contents.IModel> {
    return this.drive.save(localPath, options);
  }

  reportRename(oldPath: string, newPath: string): void {
    this._fileChanged.emit({
      type: 'rename',
      oldValue: { path: oldPath, name: PathExt.basename(oldPath) },
      newValue: { path: newPath, name: PathExt.basename(newPath) }
    });
  }

  private readonly _fileChanged = new Signal<
    IContentProvider,
    Contents.IChangedArgs
  >(this);
}

const MOST_REMEMBERED = 100;

/** Renames that this browser did itself, and that the server will tell of in a moment. */
class OwnRenames {
  constructor(contents: Contents.IManager, isReporting: () => boolean) {
    contents.fileChanged.connect((_, change) => {
      const oldPath = change.oldValue?.path;
      const newPath = change.newValue?.path;
      if (change.type === 'rename' && oldPath && newPath && !isReporting()) {
        this.done.add(`${oldPath}\n${newPath}`);
        if (this.done.size > MOST_REMEMBERED) {
          this.done.delete([...this.done][0]);
        }
      }
    });
  }

  take(event: IFileEvent): boolean {
    return this.done.delete(`${event.oldPath ?? ''}\n${event.path}`);
  }

  private readonly done = new Set<string>();
}

/** Open documents keep their text, their tab and their session when anybody renames them. */
export const renamesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:renames',
  description: 'Lets open documents follow a rename by anybody.',
  autoStart: true,
  requires: [IEventStream, IDocumentManager, IDefaultDrive],
  activate: (
    app: JupyterFrontEnd,
    stream: IEventStream,
    manager: IDocumentManager,
    drive: Contents.IDrive
  ): void => {
    const { contents } = app.serviceManager;
    const registry = drive.contentProviderRegistry;
    if (!registry) {
      console.warn(
        'Documents do not follow renames: the drive has no registry'
      );
      return;
    }
    const remote = new RemoteChanges(drive);
    registry.register('codesyncx-remote-changes', remote);
    let isReporting = false;
    const own = new OwnRenames(contents, () => isReporting);
    stream.received.connect((_, serverEvent) => {
      const event = readFileEvent(serverEvent);
      if (event?.kind !== 'renamed' || own.take(event)) {
        return;
      }
      isReporting = true;
      try {
        for (const { context } of openDocuments(app, manager)) {
          const after = pathAfter(context.localPath, event);
          if (after !== null && after !== context.localPath) {
            remote.reportRename(context.localPath, after);
          }
        }
      } finally {
        isReporting = false;
      }
    });
  }
};
