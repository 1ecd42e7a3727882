import { Clipboard, Notification, ReactWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { canInsert, insertDraft } from './document-texts';
import { DocumentProvider } from './document-provider';
import { IDraft } from './draft';
import { DraftShelf } from './draft-shelf';
import { explainRefusal } from './wording';

interface IBannerOptions {
  provider: DocumentProvider;
  drafts: DraftShelf;
  trans: TranslationBundle;
  onCompare: (draft: IDraft) => void;
}

/** Above a document: the edits of this person that aren't part of it, and what to do with them. */
export class DraftBanner extends ReactWidget {
  constructor(private readonly options: IBannerOptions) {
    super();
    this.addClass('csx-draft-banner');
    options.drafts.changed.connect(this.onChanged);
    // A box panel gives its children no more room than they demand.
    this.observer = new ResizeObserver(() => this.demandRoom());
    this.onChanged();
  }

  override dispose(): void {
    this.observer.disconnect();
    this.options.drafts.changed.disconnect(this.onChanged);
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    return (
      <div ref={node => this.watch(node)}>
        {this.drafts.map(draft => this.renderDraft(draft))}
      </div>
    );
  }

  private renderDraft(draft: IDraft): React.JSX.Element {
    const { trans, onCompare, drafts, provider } = this.options;
    const time = new Date(draft.created * 1000).toLocaleTimeString([], {
      hour: '2-digit',
      minute: '2-digit'
    });
    const title = trans.__(
      'Your unsent changes to %1 are kept (%2).',
      PathExt.basename(draft.path),
      time
    );
    return (
      <section key={draft.id} className="csx-draft" aria-label={title}>
        <div className="csx-draft-words" role="status">
          <strong>{title}</strong>{' '}
          <span>
            {explainRefusal(draft.code, trans)} {draft.message}
          </span>
        </div>
        <div className="csx-draft-actions">
          <button type="button" onClick={() => onCompare(draft)}>
            {trans.__('Compare')}
          </button>
          <button type="button" onClick={() => this.copy(draft)}>
            {trans.__('Copy')}
          </button>
          {canInsert(provider.model, draft) && (
            <button type="button" onClick={() => this.insert(draft)}>
              {trans.__('Insert')}
            </button>
          )}
          <button type="button" onClick={() => void drafts.discard(draft)}>
            {trans.__('Discard')}
          </button>
        </div>
      </section>
    );
  }

  private watch(list: HTMLElement | null): void {
    this.observer.disconnect();
    this.list = list;
    if (list) {
      this.observer.observe(list);
    }
  }

  private demandRoom(): void {
    this.node.style.minHeight = `${this.list?.offsetHeight ?? 0}px`;
    this.parent?.fit();
  }

  private copy(draft: IDraft): void {
    const { trans } = this.options;
    Clipboard.copyToSystem(draft.parts.map(part => part.mine).join('\n\n'));
    Notification.success(trans.__('Your version is in the clipboard.'), {
      autoClose: 3000
    });
  }

  private insert(draft: IDraft): void {
    const { trans, provider, drafts } = this.options;
    const conflicts = insertDraft(provider.model, draft);
    if (conflicts === 0) {
      void drafts.discard(draft);
      return;
    }
    Notification.warning(
      trans._n(
        'One change could not be placed: someone else changed the same lines. Compare and copy it by hand.',
        '%1 changes could not be placed: someone else changed the same lines. Compare and copy them by hand.',
        conflicts
      )
    );
  }

  private get drafts(): readonly IDraft[] {
    const { provider, drafts } = this.options;
    return provider.storeKey === null ? [] : drafts.of(provider.storeKey);
  }

  private list: HTMLElement | null = null;
  private readonly observer: ResizeObserver;

  private readonly onChanged = (): void => {
    this.setHidden(this.drafts.length === 0);
    this.update();
  };
}
