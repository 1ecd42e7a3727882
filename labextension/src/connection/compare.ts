import { MergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { jupyterTheme } from '@jupyterlab/codemirror';
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { DocumentProvider } from './document-provider';
import { openTexts } from './document-texts';
import { IDraft } from './draft';

/** The document as it is on the left, the person's version on the right. */
class Comparison extends Widget {
  constructor(
    provider: DocumentProvider,
    draft: IDraft,
    trans: TranslationBundle
  ) {
    super();
    this.addClass('csx-compare');
    const theirs = trans.__('In the document');
    const mine = trans.__('Your version');
    const texts = openTexts(provider.model);
    for (const part of draft.parts) {
      const header = document.createElement('div');
      header.className = 'csx-compare-header';
      const heading = (words: string) => {
        const node = document.createElement('h2');
        node.textContent = part.label ? `${part.label} ${words}` : words;
        return node;
      };
      header.append(heading(theirs), heading(mine));
      const parent = document.createElement('div');
      const side = (doc: string, label: string) => ({
        doc,
        extensions: [
          jupyterTheme,
          lineNumbers(),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorState.readOnly.of(true)
        ]
      });
      this.views.push(
        new MergeView({
          a: side(texts.get(part.key)?.getSource() ?? part.base, theirs),
          b: side(part.mine, mine),
          parent,
          collapseUnchanged: { margin: 4, minSize: 8 }
        })
      );
      this.node.append(header, parent);
    }
  }

  override dispose(): void {
    this.views.forEach(view => view.destroy());
    super.dispose();
  }

  private readonly views: MergeView[] = [];
}

export function createComparison(
  provider: DocumentProvider,
  draft: IDraft,
  trans: TranslationBundle
): MainAreaWidget {
  const content = new Comparison(provider, draft, trans);
  const widget = new MainAreaWidget({ content });
  widget.id = `csx-compare-${draft.id}`;
  widget.title.label = trans.__('Compare %1', PathExt.basename(draft.path));
  widget.title.closable = true;
  return widget;
}
