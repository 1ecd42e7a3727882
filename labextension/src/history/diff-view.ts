import { syntaxHighlighting } from '@codemirror/language';
import { getChunks, MergeView, unifiedMergeView } from '@codemirror/merge';
import { EditorState, Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import {
  IEditorLanguageRegistry,
  jupyterHighlightStyle,
  jupyterTheme
} from '@jupyterlab/codemirror';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

/** Two texts to compare. */
export interface IComparison {
  before: string;
  after: string;
  /** A file name, which tells the language. */
  fileName: string;
  beforeLabel: string;
  afterLabel: string;
  /** Puts back what `before` had where `after` now differs; absent where nothing can. */
  putBack?: { label: string; run: (afterOffset: number) => void };
}

export type DiffLayout = 'inline' | 'side-by-side';

const COLLAPSE = { margin: 3, minSize: 6 };
const DIFF_LIMITS = { scanLimit: 1_000, timeout: 300 };

/** Shows how two texts differ; both can be read and copied, not changed. */
export class DiffView extends Widget {
  constructor(private readonly languages: IEditorLanguageRegistry) {
    super();
    this.addClass('csx-diff-view');
  }

  /** Show a comparison in a layout. */
  async compare(comparison: IComparison, layout: DiffLayout): Promise<void> {
    const turn = ++this.turn;
    const language = await this.languageOf(comparison.fileName);
    if (turn !== this.turn || this.isDisposed) {
      return;
    }
    const scrollTop = this.node.scrollTop;
    this.clear();
    this.editor =
      layout === 'inline'
        ? this.inline(comparison, language)
        : this.sideBySide(comparison, language);
    this.node.scrollTop = scrollTop;
  }

  /** Show nothing. */
  clear(): void {
    this.turn += 1;
    this.editor?.destroy();
    this.editor = null;
  }

  protected override onBeforeDetach(msg: Message): void {
    this.clear();
    super.onBeforeDetach(msg);
  }

  private async languageOf(fileName: string): Promise<Extension> {
    const found = this.languages.findByFileName(fileName);
    const language = found && (await this.languages.getLanguage(found));
    return language?.support ?? [];
  }

  private inline(comparison: IComparison, language: Extension): EditorView {
    return new EditorView({
      parent: this.node,
      doc: comparison.after,
      extensions: [
        readOnly(comparison.afterLabel),
        language,
        unifiedMergeView({
          original: comparison.before,
          collapseUnchanged: COLLAPSE,
          diffConfig: DIFF_LIMITS,
          mergeControls: comparison.putBack
            ? type => this.chunkButton(comparison, type)
            : false
        })
      ]
    });
  }

  private sideBySide(comparison: IComparison, language: Extension): MergeView {
    return new MergeView({
      parent: this.node,
      a: {
        doc: comparison.before,
        extensions: [readOnly(comparison.beforeLabel), language]
      },
      b: {
        doc: comparison.after,
        extensions: [readOnly(comparison.afterLabel), language]
      },
      collapseUnchanged: COLLAPSE,
      diffConfig: DIFF_LIMITS
    });
  }

  private chunkButton(
    comparison: IComparison,
    type: 'accept' | 'reject'
  ): HTMLElement {
    if (type === 'accept' || !comparison.putBack) {
      return document.createElement('span');
    }
    const { label, run } = comparison.putBack;
    const button = document.createElement('button');
    button.className = 'csx-diff-put-back';
    button.textContent = label;
    button.addEventListener('click', event => {
      event.preventDefault();
      const offset = this.chunkOffset(button);
      if (offset !== null) {
        run(offset);
      }
    });
    return button;
  }

  /** Where in `after` the chunk with this button begins. */
  private chunkOffset(button: HTMLElement): number | null {
    const view = this.editor;
    if (!(view instanceof EditorView)) {
      return null;
    }
    const position = view.posAtDOM(button);
    const chunks = getChunks(view.state)?.chunks ?? [];
    const chunk = chunks.find(
      found => found.fromB <= position && position <= found.endB
    );
    return chunk?.fromB ?? null;
  }

  private editor: EditorView | MergeView | null = null;
  private turn = 0;
}

function readOnly(label: string): Extension {
  return [
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
    EditorView.lineWrapping,
    lineNumbers(),
    jupyterTheme,
    syntaxHighlighting(jupyterHighlightStyle)
  ];
}
