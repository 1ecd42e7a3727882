import { IThemeManager } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import type { FitAddon } from '@xterm/addon-fit';
import type { ISearchOptions, SearchAddon } from '@xterm/addon-search';
import type { Terminal } from '@xterm/xterm';

import { IPiece } from './api';
import { logColors } from './log-colors';

/** A line costs memory by the width of the window; whoever needs more saves the log. */
const MOST_LINES = 20_000;
const NOTICE = ['\x1b[0;3;2m', '\x1b[0m'] as const;
const HIDE_CURSOR = '\x1b[?25l';

/** What was found of a searched text; `at` is -1 when there are too many to count. */
export interface IFound {
  readonly at: number;
  readonly count: number;
}

/** What a run prints, with its colours: a terminal that takes no keys. */
export class LogView extends Widget {
  constructor(
    private readonly trans: TranslationBundle,
    themes: IThemeManager | null
  ) {
    super();
    this.addClass('csx-RunLog');
    this.node.dir = 'ltr';
    themes?.themeChanged.connect(() => this.applyTheme());
    this.ready = this.begin();
  }

  /** The search found something, or no longer does. */
  get found(): ISignal<this, IFound | null> {
    return this._found;
  }

  /** All of the output so far, as it was printed. */
  get text(): string {
    return this.parts.join('');
  }

  override dispose(): void {
    this.sizes.disconnect();
    this.terminal?.dispose();
    super.dispose();
  }

  clear(): void {
    this.parts = [];
    void this.ready.then(terminal => {
      terminal.reset();
      terminal.write(HIDE_CURSOR);
    });
  }

  add(pieces: readonly IPiece[]): void {
    let shown = '';
    for (const { text, ends_line, is_notice } of pieces) {
      this.parts.push(text, ends_line ? '\n' : '');
      shown += is_notice ? NOTICE[0] + text + NOTICE[1] : text;
      shown += ends_line ? '\r\n' : '';
    }
    void this.ready.then(terminal => terminal.write(shown));
  }

  /** Show where a text is; an empty one ends the search. */
  search(text: string, direction: 'next' | 'previous' | 'typed'): void {
    if (text === '') {
      this.searching?.clearDecorations();
      this.terminal?.clearSelection();
      this._found.emit(null);
      return;
    }
    const options: ISearchOptions = {
      incremental: direction === 'typed',
      decorations: logColors(this.node).found
    };
    if (direction === 'previous') {
      this.searching?.findPrevious(text, options);
    } else {
      this.searching?.findNext(text, options);
    }
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    void this.ready.then(terminal => {
      if (terminal.element === undefined && !this.isDisposed) {
        terminal.open(this.node);
        terminal.textarea?.setAttribute('aria-label', this.trans.__('Log'));
        this.applyTheme();
        this.sizes.observe(this.node);
      }
    });
  }

  private async begin(): Promise<Terminal> {
    const [xterm, fit, search] = await Promise.all([
      import('@xterm/xterm'),
      import('@xterm/addon-fit'),
      import('@xterm/addon-search')
    ]);
    const terminal = new xterm.Terminal({
      allowProposedApi: true, // marks of what was searched for
      disableStdin: true,
      minimumContrastRatio: 4.5,
      screenReaderMode: true,
      scrollback: MOST_LINES,
      fontSize: 13,
      lineHeight: 1.2
    });
    this.terminal = terminal;
    this.fitting = new fit.FitAddon();
    this.searching = new search.SearchAddon();
    terminal.loadAddon(this.fitting);
    terminal.loadAddon(this.searching);
    // Tab and the lab's shortcuts are no input for what can't be typed into.
    terminal.attachCustomKeyEventHandler(() => false);
    terminal.write(HIDE_CURSOR);
    this.searching.onDidChangeResults(({ resultIndex, resultCount }) =>
      this._found.emit({ at: resultIndex, count: resultCount })
    );
    return terminal;
  }

  private fitSoon(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      if (this.node.clientWidth > 0) {
        this.fitting?.fit();
      }
    });
  }

  private applyTheme(): void {
    if (this.terminal && this.isAttached) {
      const { theme, fontFamily } = logColors(this.node);
      this.terminal.options.theme = theme;
      this.terminal.options.fontFamily = fontFamily;
    }
  }

  private readonly ready: Promise<Terminal>;
  private readonly _found = new Signal<this, IFound | null>(this);
  private readonly sizes = new ResizeObserver(() => this.fitSoon());
  private terminal: Terminal | null = null;
  private fitting: FitAddon | null = null;
  private searching: SearchAddon | null = null;
  private parts: string[] = [];
  private frame = 0;
}
