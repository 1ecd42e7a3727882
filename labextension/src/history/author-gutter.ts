import {
  Compartment,
  Extension,
  Line,
  StateEffect,
  StateField
} from '@codemirror/state';
import {
  EditorView,
  gutter,
  GutterMarker,
  showTooltip,
  Tooltip,
  ViewPlugin
} from '@codemirror/view';
import { TranslationBundle } from '@jupyterlab/translation';

import { AuthorReader, authorsRead } from './author-reader';
import { Authorship } from './authorship';
import { authorsTooltip } from './author-tooltip';
import { ILineAuthor } from './line-authors';
import { SharedText } from './shared-documents';

const compartment = new Compartment();
const setTooltip = StateEffect.define<Tooltip | null>();

/** The extension every shared editor gets: nothing to see until authors are shown. */
export function authorGutter(
  text: SharedText,
  authorship: Authorship,
  trans: TranslationBundle
): Extension {
  const reader = ViewPlugin.define(
    view => new AuthorReader(view, text.ysource, authorship)
  );
  const shown: Extension = [reader, lineGutter(reader, authorship, trans)];
  const content = (): Extension => (authorship.isShown ? shown : []);
  const toggle = ViewPlugin.define(view => {
    const onToggled = (): void =>
      view.dispatch({
        effects: [compartment.reconfigure(content()), setTooltip.of(null)]
      });
    authorship.toggled.connect(onToggled);
    return { destroy: () => void authorship.toggled.disconnect(onToggled) };
  });
  return [tooltipField, compartment.of(content()), toggle];
}

/** Tell who wrote the line with the cursor, beside it. */
export function showLineAuthor(
  view: EditorView,
  text: SharedText,
  authorship: Authorship,
  trans: TranslationBundle
): ILineAuthor[] {
  const reader = new AuthorReader(view, text.ysource, authorship);
  const line = view.state.doc.lineAt(view.state.selection.main.head);
  const authors = reader.authorsOf(view.state, line);
  reader.destroy();
  const tooltip = authorsTooltip(
    line.from,
    () => authors,
    authorship.book,
    trans
  );
  view.dispatch({ effects: setTooltip.of(tooltip) });
  return authors;
}

const tooltipField = StateField.define<Tooltip | null>({
  create: () => null,
  update: (value, transaction) => {
    for (const effect of transaction.effects) {
      if (effect.is(setTooltip)) {
        return effect.value;
      }
    }
    return transaction.docChanged || transaction.selection ? null : value;
  },
  provide: field => showTooltip.from(field)
});

function lineGutter(
  reader: ViewPlugin<AuthorReader>,
  authorship: Authorship,
  trans: TranslationBundle
): Extension {
  const authorsAt = (view: EditorView, line: Line): ILineAuthor[] =>
    view.plugin(reader)?.authorsOf(view.state, line) ?? [];
  return gutter({
    class: 'csx-author-gutter',
    renderEmptyElements: true,
    lineMarker: (view, block) => {
      const line = view.state.doc.lineAt(block.from);
      const author = authorsAt(view, line).at(0);
      if (author === undefined) {
        return null;
      }
      const above =
        line.number > 1
          ? authorsAt(view, view.state.doc.line(line.number - 1)).at(0)
          : undefined;
      const username = author.person?.username;
      const isFirst =
        above === undefined || above.person?.username !== username;
      return new AuthorMarker(
        author.person?.name ?? trans.__('From disk'),
        author.person && authorship.book.colorOf(author.person.username),
        isFirst
      );
    },
    lineMarkerChange: update =>
      update.transactions.some(transaction =>
        transaction.effects.some(effect => effect.is(authorsRead))
      ),
    initialSpacer: () => new AuthorMarker('', null, false),
    domEventHandlers: {
      mouseover: (view, block) => {
        const line = view.state.doc.lineAt(block.from);
        const tooltip = authorsTooltip(
          line.from,
          () => authorsAt(view, view.state.doc.line(line.number)),
          authorship.book,
          trans
        );
        view.dispatch({ effects: setTooltip.of(tooltip) });
        return false;
      },
      mouseout: view => {
        view.dispatch({ effects: setTooltip.of(null) });
        return false;
      }
    }
  });
}

/** The stripe beside a line, with the author's name on the first of several lines. */
class AuthorMarker extends GutterMarker {
  constructor(
    private readonly name: string,
    private readonly color: string | null,
    private readonly isFirst: boolean
  ) {
    super();
  }

  override eq(other: AuthorMarker): boolean {
    return (
      this.name === other.name &&
      this.color === other.color &&
      this.isFirst === other.isFirst
    );
  }

  override toDOM(): HTMLElement {
    const element = document.createElement('span');
    element.className = 'csx-author-mark';
    element.classList.toggle('csx-mod-disk', this.color === null);
    if (this.color !== null) {
      element.style.setProperty('--csx-author-color', this.color);
    }
    element.dataset.author = this.name;
    element.textContent = this.isFirst ? this.name : '';
    return element;
  }
}
