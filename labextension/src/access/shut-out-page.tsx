import { Clipboard, ReactWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import React from 'react';

import { IStanding } from '../api/access';
import { DraftShelf, IDraft, passagesOf } from '../connection';

/**
 * The one page of somebody who has lost all access: why, and what of theirs was never sent.
 *
 * It lies in the browser's top layer, over dialogs and messages, and takes all keys.
 */
export class ShutOutPage extends ReactWidget {
  constructor(
    private readonly drafts: DraftShelf,
    private readonly trans: TranslationBundle,
    private readonly enter: () => void
  ) {
    super();
    this.addClass('csx-ShutOut-page');
    drafts.changed.connect(() => this.update());
  }

  open(): void {
    const cover = document.createElement('dialog');
    cover.className = 'csx-ShutOut';
    cover.setAttribute('aria-labelledby', HEADING);
    document.body.append(cover);
    Widget.attach(this, cover);
    cover.showModal();
    // Browsers let Escape close what is modal in the end, whatever one says to it.
    cover.addEventListener('close', () => cover.showModal());
    window.addEventListener('keydown', keepFromLab, true);
  }

  /** Say how the person stands; with nothing to copy, the way back is theirs at once. */
  tell(standing: IStanding): void {
    this.standing = standing;
    if (standing.is_let_in && this.drafts.all.length === 0) {
      this.enter();
    }
    this.update();
  }

  protected override render(): React.JSX.Element {
    const { trans, standing } = this;
    const drafts = this.drafts.all;
    const isBack = standing?.is_let_in ?? false;
    const { title, advice } = word(standing, trans);
    return (
      <div className="csx-ShutOut-card">
        <h1 id={HEADING}>{title}</h1>
        <p>{advice}</p>
        {drafts.length > 0 && (
          <section aria-labelledby={UNSENT}>
            <h2 id={UNSENT}>{trans.__('Your unsaved changes')}</h2>
            <p>
              {trans.__(
                'Nobody else has them. They stay in this browser; copy what you want to keep.'
              )}
            </p>
            <ul>{drafts.map(draft => this.renderDraft(draft))}</ul>
          </section>
        )}
        <div className="csx-ShutOut-end" role="status">
          {isBack ? (
            <button type="button" onClick={this.enter}>
              {trans.__('Open the project')}
            </button>
          ) : (
            trans.__('This page notices when you have access again.')
          )}
        </div>
      </div>
    );
  }

  private renderDraft(draft: IDraft): React.JSX.Element {
    const { trans } = this;
    const passages = draft.parts.flatMap(part => passagesOf(part));
    const name = PathExt.basename(draft.path);
    const time = new Date(draft.created * 1000).toLocaleTimeString([], {
      hour: '2-digit',
      minute: '2-digit'
    });
    return (
      <li key={draft.id}>
        <div className="csx-ShutOut-draft">
          <strong>{name}</strong>
          <span>{time}</span>
          {passages.length > 0 && (
            <button
              type="button"
              aria-label={trans.__('Copy your changes to %1', name)}
              onClick={() => this.copy(draft, passages)}
            >
              {this.copied === draft.id ? trans.__('Copied') : trans.__('Copy')}
            </button>
          )}
        </div>
        {passages.length > 0 ? (
          passages.map((passage, index) => (
            <pre
              key={index}
              tabIndex={0}
              aria-label={trans.__('Changed lines')}
            >
              {passage}
            </pre>
          ))
        ) : (
          <p>{trans.__('You only deleted something here.')}</p>
        )}
      </li>
    );
  }

  private copy(draft: IDraft, passages: readonly string[]): void {
    Clipboard.copyToSystem(passages.join('\n\n'));
    this.copied = draft.id;
    this.update();
  }

  private standing: IStanding | null = null;
  private copied: string | null = null;
}

const HEADING = 'csx-shut-out-heading';
const UNSENT = 'csx-shut-out-unsent';

function word(
  standing: IStanding | null,
  trans: TranslationBundle
): { title: string; advice: string } {
  switch (standing?.why) {
    case 'let_in':
      return {
        title: trans.__('You have access again'),
        advice: trans.__('Copy what you need, then open the project.')
      };
    case 'link_revoked':
      return {
        title: trans.__('Your link was revoked'),
        advice: trans.__('Ask whoever invited you for a new one.')
      };
    case 'link_expired':
      return {
        title: trans.__('Your link has run out'),
        advice: trans.__('Ask whoever invited you for a new one.')
      };
    case 'signed_out':
      return {
        title: trans.__('You are signed out'),
        advice: trans.__('Sign in again in another tab.')
      };
    case 'unknown_guest':
      return { title: standing.title, advice: standing.advice };
    default:
      return {
        title: trans.__('You no longer have access to this project'),
        advice: trans.__('Ask whoever gave it to you, or one of its owners.')
      };
  }
}

/** The lab's shortcuts would still act on what lies beneath. */
function keepFromLab(event: KeyboardEvent): void {
  event.stopImmediatePropagation();
  if (event.key === 'Escape') {
    event.preventDefault();
  }
}
