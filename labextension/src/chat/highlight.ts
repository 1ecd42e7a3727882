import { Extension, StateEffect, StateField } from '@codemirror/state';
import { Decoration, DecorationSet, EditorView } from '@codemirror/view';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';

interface IRange {
  from: number;
  to: number;
}

const HIGHLIGHT_MS = 6000;

const setHighlight = StateEffect.define<IRange | null>();

const line = Decoration.line({ class: 'csx-chat-highlight' });

const highlightField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (decorations, transaction) => {
    let current = decorations.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(setHighlight)) {
        current = effect.value
          ? cover(effect.value, transaction.state.doc)
          : Decoration.none;
      }
    }
    return current;
  },
  provide: field => EditorView.decorations.from(field)
});

const extension: Extension = highlightField;

const prepared = new WeakSet<CodeMirrorEditor>();

/** Select a range of `editor`, bring it into view and light its lines up for a while. */
export function highlight(
  editor: CodeMirrorEditor,
  from: number,
  to: number
): void {
  if (!prepared.has(editor)) {
    prepared.add(editor);
    editor.injectExtension(extension);
  }
  const view = editor.editor;
  const end = Math.min(to, view.state.doc.length);
  const start = Math.min(from, end);
  view.dispatch({
    selection: { anchor: start, head: end },
    effects: [
      setHighlight.of({ from: start, to: end }),
      EditorView.scrollIntoView(start, { y: 'center' })
    ]
  });
  editor.focus();
  window.setTimeout(() => {
    if (!editor.isDisposed) {
      view.dispatch({ effects: setHighlight.of(null) });
    }
  }, HIGHLIGHT_MS);
}

interface IDocument {
  lineAt(position: number): { from: number; number: number };
  line(number: number): { from: number };
}

function cover(range: IRange, doc: IDocument): DecorationSet {
  const first = doc.lineAt(range.from).number;
  const last = doc.lineAt(Math.max(range.from, range.to - 1)).number;
  const lines = Array.from({ length: last - first + 1 }, (_, index) =>
    line.range(doc.line(first + index).from)
  );
  return Decoration.set(lines);
}
