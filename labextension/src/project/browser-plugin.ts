import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  FileBrowser,
  FileBrowserModel,
  IFileBrowserFactory
} from '@jupyterlab/filebrowser';

import { IEventStream } from '../api/events';
import {
  changesListing,
  IFileEvent,
  isBatch,
  leavesNothing,
  parentOf,
  pathAfter,
  readFileEvent
} from './file-events';
import { Gather } from './gather';

const QUIET_MS = 50;
const LONGEST_MS = 400;

/** Keeps the folder that a file browser shows up to date. */
class LiveFolder {
  constructor(private readonly model: FileBrowserModel) {}

  follow(event: IFileEvent): void {
    if (this.model.driveName !== '') {
      return;
    }
    const shown = this.model.path;
    const after = pathAfter(shown, event);
    if (after !== shown && shown !== '') {
      void this.model.cd(`/${after ?? parentOf(event.path)}`);
    } else if (changesListing(shown, event)) {
      this.expect(event);
      this.refresh();
    }
  }

  refresh(): void {
    this.gather.request();
  }

  dispose(): void {
    this.gather.dispose();
  }

  private expect(event: IFileEvent): void {
    if (event.oldPath !== null) {
      this.expected.set(event.oldPath, false);
    }
    this.expected.set(event.path, !leavesNothing(event));
  }

  private async list(): Promise<void> {
    const expected = new Map(this.expected);
    this.expected.clear();
    if (this.model.isDisposed) {
      return;
    }
    await this.model.cd('.');
    // A listing that was under way already may have been taken before the change.
    if (!this.shows(expected)) {
      await this.model.cd('.');
    }
  }

  private shows(expected: Map<string, boolean>): boolean {
    const { isDisposed, path } = this.model;
    if (isDisposed) {
      return true;
    }
    const listed = new Set(Array.from(this.model.items(), item => item.path));
    return Array.from(expected).every(
      ([each, isThere]) =>
        parentOf(each) !== path || listed.has(each) === isThere
    );
  }

  private readonly expected = new Map<string, boolean>();
  private readonly gather = new Gather(
    () => {
      this.list().catch((error: unknown) => {
        console.warn('A file browser could not be refreshed', error);
      });
    },
    QUIET_MS,
    LONGEST_MS
  );
}

/** Shows in every file browser at once what anybody does to the files. */
export const browserPlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:file-browser',
  description: 'Keeps file browsers up to date.',
  autoStart: true,
  requires: [IEventStream, IFileBrowserFactory],
  activate: (
    _: JupyterFrontEnd,
    stream: IEventStream,
    factory: IFileBrowserFactory
  ): void => {
    const folders = new Map<FileBrowser, LiveFolder>();
    const add = (browser: FileBrowser): void => {
      const folder = new LiveFolder(browser.model);
      folders.set(browser, folder);
      browser.disposed.connect(() => {
        folder.dispose();
        folders.delete(browser);
      });
    };
    factory.tracker.forEach(add);
    factory.tracker.widgetAdded.connect((_tracker, browser) => add(browser));
    const refreshAll = (): void => folders.forEach(folder => folder.refresh());
    stream.reset.connect(refreshAll);
    stream.received.connect((_stream, event) => {
      const fileEvent = readFileEvent(event);
      if (fileEvent !== null) {
        folders.forEach(folder => folder.follow(fileEvent));
      } else if (isBatch(event)) {
        refreshAll();
      }
    });
  }
};
