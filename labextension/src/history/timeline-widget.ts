import { InputDialog, Notification } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Panel, SplitPanel } from '@lumino/widgets';

import { chunkEdit } from './chunk-restore';
import { Deletion, DeletionLog } from './deletion-log';
import { DiffView, IComparison } from './diff-view';
import { IVersion } from './messages';
import { formatMoment } from './moments';
import { notebookText, parseNotebook } from './notebook-text';
import { editText, readableText, restoreCell, restoreVersion } from './restore';
import { isNotebook, SharedDocument } from './shared-documents';
import { likeDocument } from './text-edits';
import { TimelineModel } from './timeline-model';
import { ITimelineActions, TimelineBar, TimelineSide } from './timeline-panel';

/** How the timeline reaches the document whose history it shows. */
export interface IDocumentAccess {
  /** The document at a path if it is open. */
  find(path: string): SharedDocument | null;
  /** The document at a path, opened when it isn't. */
  open(path: string): Promise<SharedDocument | null>;
  logOf(document: SharedDocument): DeletionLog;
  colorOf(document: SharedDocument | null, username: string): string;
}

const REFRESH_EVERY_MS = 5_000;
const FOLLOW_AFTER_MS = 500;

/** The history of one file: a list at the left, a comparison at the right. */
export class TimelineWidget extends SplitPanel {
  constructor(
    readonly model: TimelineModel,
    private readonly access: IDocumentAccess,
    languages: IEditorLanguageRegistry,
    private readonly trans: TranslationBundle
  ) {
    super({ orientation: 'horizontal' });
    this.addClass('csx-history');
    const actions: ITimelineActions = {
      restore: version => void this.restore(version),
      rename: version => void this.rename(version),
      putBack: deletion => this.putBack(deletion),
      colorOf: username => access.colorOf(this.document, username)
    };
    this.diff = new DiffView(languages);
    const main = new Panel();
    main.addClass('csx-history-main');
    main.addWidget(new TimelineBar(model, actions, trans));
    main.addWidget(this.diff);
    this.addWidget(new TimelineSide(model, actions, trans));
    this.addWidget(main);
    this.setRelativeSizes([1, 3]);
    model.stateChanged.connect(() => void this.showComparison());
    this.timer = window.setInterval(() => this.refresh(), REFRESH_EVERY_MS);
    this.refresh(true);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.clearInterval(this.timer);
    this.follow(null);
    window.clearTimeout(this.follower);
    this.model.dispose();
    super.dispose();
  }

  protected override onActivateRequest(): void {
    const row = this.node.querySelector<HTMLElement>(
      '[role="option"][tabindex="0"], .csx-history-tab[aria-selected="true"]'
    );
    row?.focus();
  }

  private refresh(isFirst = false): void {
    if (isFirst || this.isVisible) {
      this.follow(this.access.find(this.model.path));
      void this.model.refresh();
    }
  }

  /** Show the present text as it changes, while it is open. */
  private follow(document: SharedDocument | null): void {
    if (this.document === document) {
      return;
    }
    this.document?.changed.disconnect(this.onDocumentChanged);
    this.document = document;
    document?.changed.connect(this.onDocumentChanged);
    this.model.setLog(document && this.access.logOf(document));
  }

  private readonly onDocumentChanged = (): void => {
    if (this.model.comparedWith === 'present' && this.isVisible) {
      this.follower ??= window.setTimeout(() => {
        this.follower = undefined;
        void this.showComparison();
      }, FOLLOW_AFTER_MS);
    }
  };

  private async showComparison(): Promise<void> {
    const version = this.model.selected;
    if (version === null || this.isDisposed) {
      this.diff.clear();
      this.shown = '';
      return;
    }
    try {
      const comparison = await this.comparison(version);
      const key = JSON.stringify([comparison, this.model.layout]);
      if (this.model.selected?.id === version.id && key !== this.shown) {
        this.shown = key;
        await this.diff.compare(comparison, this.model.layout);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private async comparison(version: IVersion): Promise<IComparison> {
    const content = await this.model.content(version);
    const moment = formatMoment(version.time, this.trans);
    if (this.model.comparedWith === 'present') {
      return {
        before: this.readable(content),
        after: await this.presentText(),
        fileName: this.fileName,
        beforeLabel: this.trans.__('Version of %1', moment),
        afterLabel: this.trans.__('Now'),
        putBack: {
          label: this.trans.__('Put back'),
          run: offset => void this.putBackChunk(content, offset)
        }
      };
    }
    const previous = this.model.previous(version);
    const before = previous && (await this.model.content(previous));
    return {
      before: before === null ? '' : this.readable(before),
      after: this.readable(content),
      fileName: this.fileName,
      beforeLabel: this.trans.__('Before'),
      afterLabel: this.trans.__('Version of %1', moment)
    };
  }

  /** A version as a person reads it: a notebook as the text of its cells. */
  private readable(content: string): string {
    const notebook = this.isNotebook ? parseNotebook(content) : null;
    if (notebook !== null) {
      return notebookText(notebook).text;
    }
    const document = this.document;
    return likeDocument(
      content,
      document && !isNotebook(document) ? document.source : ''
    );
  }

  private async presentText(): Promise<string> {
    if (this.document === null) {
      const newest = this.model.versions.at(0);
      return newest ? this.readable(await this.model.content(newest)) : '';
    }
    return isNotebook(this.document)
      ? readableText(this.document).text
      : this.document.source;
  }

  private get isNotebook(): boolean {
    return this.model.path.endsWith('.ipynb');
  }

  /** Notebooks are compared as scripts. */
  private get fileName(): string {
    return this.isNotebook ? 'notebook.py' : PathExt.basename(this.model.path);
  }

  private async restore(version: IVersion): Promise<void> {
    try {
      const content = await this.model.content(version);
      const document = await this.access.open(this.model.path);
      this.follow(document);
      if (document === null || !restoreVersion(document, content)) {
        throw new Error(this.trans.__('This file can’t be edited here.'));
      }
      Notification.success(
        this.trans.__(
          'Restored the version of %1. Undo takes it back.',
          formatMoment(version.time, this.trans)
        ),
        { autoClose: 4_000 }
      );
    } catch (error) {
      this.fail(error);
    }
  }

  private async rename(version: IVersion): Promise<void> {
    const answer = await InputDialog.getText({
      title: this.trans.__('Name this version'),
      label: this.trans.__('A version with a name is never thinned out.'),
      text: version.label,
      required: false
    });
    if (answer.button.accept) {
      await this.model
        .label(version, answer.value ?? '')
        .catch((error: unknown) => this.fail(error));
    }
  }

  private putBack(deletion: Deletion): void {
    if (!this.model.putBack(deletion)) {
      Notification.warning(
        this.trans.__(
          'The place this was deleted from is gone. Copy the text from the list.'
        )
      );
    }
  }

  private async putBackChunk(content: string, offset: number): Promise<void> {
    const document = await this.access.open(this.model.path);
    this.follow(document);
    if (document === null) {
      return;
    }
    if (isNotebook(document)) {
      this.putBackCells(document, content, offset);
      return;
    }
    const version = likeDocument(content, document.source);
    const edit = chunkEdit(version, document.source, offset);
    if (edit !== null) {
      editText(document, [edit]);
    }
  }

  private putBackCells(
    document: SharedDocument,
    content: string,
    offset: number
  ): void {
    const version = parseNotebook(content);
    if (version === null || !isNotebook(document)) {
      return;
    }
    const before = notebookText(version);
    const present = readableText(document);
    const edit = chunkEdit(before.text, present.text, offset);
    if (edit === null) {
      return;
    }
    if (edit.versionFrom === edit.versionTo) {
      present.ranges
        .filter(range => range.from >= edit.from && range.to <= edit.to + 1)
        .reverse()
        .forEach(range => document.deleteCell(range.index));
      return;
    }
    const from = edit.versionFrom;
    const to = Math.max(from + 1, edit.versionTo);
    for (const range of before.ranges) {
      if (range.from < to && range.to > from) {
        restoreCell(document, version.cells, range.index);
      }
    }
  }

  private fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    Notification.error(this.trans.__('History: %1', message));
  }

  private readonly diff: DiffView;
  private follower: number | undefined;
  private readonly timer: number;
  private document: SharedDocument | null = null;
  private shown = '';
}
