import { ChangeDesc, EditorState, Line, StateEffect } from '@codemirror/state';
import { EditorView, PluginValue, ViewUpdate } from '@codemirror/view';
import type * as Y from 'yjs';

import { AuthorRuns } from './author-runs';
import { Authorship } from './authorship';
import { ILineAuthor, lineAuthors } from './line-authors';

/** Tells the gutter to look again. */
export const authorsRead = StateEffect.define();

const SHORTEST_PAUSE_MS = 250;
/** Reading may take one part in this many of the page's time. */
const SHARE_OF_TIME = 25;

/**
 * Reads the authors of one editor's text, again after changes but never often.
 *
 * In between, lines are found by mapping them back to where they were at the last reading.
 */
export class AuthorReader implements PluginValue {
  constructor(
    private readonly view: EditorView,
    private readonly text: Y.Text,
    private readonly authorship: Authorship
  ) {
    this.runs = AuthorRuns.of(text);
    authorship.book.changed.connect(this.redraw);
    this.ask();
    this.renewal = window.setInterval(() => this.ask(), RENEW_EVERY_MS);
  }

  update(update: ViewUpdate): void {
    if (!update.docChanged) {
      return;
    }
    const changes = update.changes.desc;
    this.since = this.since?.composeDesc(changes) ?? changes;
    this.timer ??= window.setTimeout(() => this.read(), this.pauseMs);
  }

  destroy(): void {
    window.clearTimeout(this.timer);
    window.clearTimeout(this.redrawing);
    window.clearInterval(this.renewal);
    this.authorship.book.changed.disconnect(this.redraw);
  }

  /** Who wrote a line, most first; empty for one that is newer than the last reading. */
  authorsOf(state: EditorState, line: Line): ILineAuthor[] {
    const isEmpty = line.from === line.to;
    const end = isEmpty ? Math.min(line.to + 1, state.doc.length) : line.to;
    const from = this.before(line.from, 1);
    const to = this.before(end, -1);
    return lineAuthors(this.runs.shares(from, to), this.authorship.book);
  }

  private before(position: number, side: number): number {
    return this.since?.invertedDesc.mapPos(position, side) ?? position;
  }

  private read(): void {
    this.timer = undefined;
    const started = performance.now();
    this.runs = AuthorRuns.of(this.text);
    this.since = null;
    const tookMs = performance.now() - started;
    this.pauseMs = Math.max(SHORTEST_PAUSE_MS, tookMs * SHARE_OF_TIME);
    this.redraw();
    this.ask();
  }

  private ask(): void {
    // Failing to ask leaves the names that are known; the connection's own indicator tells why.
    this.authorship.book
      .refresh(this.runs.clientIds())
      .catch((error: unknown) =>
        console.warn('Authors could not be read', error)
      );
  }

  /** Later, as names may arrive in the middle of an update of this very editor. */
  private readonly redraw = (): void => {
    this.redrawing ??= window.setTimeout(() => {
      this.redrawing = undefined;
      this.view.dispatch({ effects: authorsRead.of(null) });
    });
  };

  private runs: AuthorRuns;
  private since: ChangeDesc | null = null;
  private timer: number | undefined;
  private redrawing: number | undefined;
  private readonly renewal: number;
  private pauseMs = SHORTEST_PAUSE_MS;
}

const RENEW_EVERY_MS = 30_000;
