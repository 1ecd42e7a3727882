import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry
} from '@jupyterlab/codemirror';
import type { IYText } from '@jupyter/ydoc';
import { Annotation, EditorSelection } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import {
  EditorView,
  layer,
  RectangleMarker,
  ViewPlugin
} from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';

import { caretsOf } from './speakers-cursors';
import { Voices } from './voices';

const Spoke = Annotation.define<true>();

/** Mark the cursors of those who speak, in every editor of a shared document. */
export function markSpeakingCarets(
  registry: IEditorExtensionRegistry,
  voices: Voices
): void {
  registry.addExtension({
    name: 'codesyncx-speaking',
    factory: ({ model }) => {
      const text = model.sharedModel as Partial<IYText>;
      return text.awareness && text.ysource
        ? EditorExtensionRegistry.createImmutableExtension(
            speakingCarets(text.awareness, text.ysource, voices)
          )
        : null;
    }
  });
}

function speakingCarets(
  awareness: Awareness,
  text: Y.Text,
  voices: Voices
): Extension {
  return [
    layer({
      above: true,
      class: 'csx-SpeakingCarets',
      markers: view =>
        caretsOf(awareness, text, voices.now)
          .map(offset => Math.min(offset, view.state.doc.length))
          .flatMap(offset =>
            RectangleMarker.forRange(
              view,
              'csx-SpeakingCaret',
              EditorSelection.cursor(offset)
            )
          ),
      update: update =>
        update.docChanged ||
        update.transactions.some(each => each.annotation(Spoke) === true)
    }),
    ViewPlugin.define(view => new Listener(view, awareness, voices))
  ];
}

/** Has the carets drawn anew when somebody starts or stops to speak, or moves while speaking. */
class Listener {
  constructor(
    private readonly _view: EditorView,
    private readonly _awareness: Awareness,
    private readonly _voices: Voices
  ) {
    _voices.changed.connect(this._redraw);
    _awareness.on('change', this._onMoved);
  }

  destroy(): void {
    this._voices.changed.disconnect(this._redraw);
    this._awareness.off('change', this._onMoved);
    cancelAnimationFrame(this._frame);
  }

  private readonly _onMoved = (): void => {
    if (this._voices.now.speaking.size > 0) {
      this._redraw();
    }
  };

  private readonly _redraw = (): void => {
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(() =>
      this._view.dispatch({ annotations: Spoke.of(true) })
    );
  };

  private _frame = 0;
}
