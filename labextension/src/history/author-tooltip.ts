import { Tooltip } from '@codemirror/view';
import { TranslationBundle } from '@jupyterlab/translation';

import { authorsRead } from './author-reader';
import { AuthorBook } from './author-book';
import { ILineAuthor } from './line-authors';
import { formatMoment } from './moments';

/** A tooltip that names everybody who wrote in a line, and when; it keeps up with new readings. */
export function authorsTooltip(
  position: number,
  read: () => ILineAuthor[],
  book: AuthorBook,
  trans: TranslationBundle
): Tooltip {
  return {
    pos: position,
    above: true,
    create: () => {
      const dom = document.createElement('div');
      dom.className = 'csx-author-tooltip';
      dom.setAttribute('role', 'status');
      const render = (): void => {
        const rows = read().map(author => authorRow(author, book, trans));
        dom.replaceChildren(
          ...(rows.length ? rows : [trans.__('Nobody has written here yet.')])
        );
      };
      render();
      return {
        dom,
        update: update => {
          const effects = update.transactions.flatMap(one => one.effects);
          if (effects.some(effect => effect.is(authorsRead))) {
            render();
          }
        }
      };
    }
  };
}

function authorRow(
  author: ILineAuthor,
  book: AuthorBook,
  trans: TranslationBundle
): HTMLElement {
  const row = document.createElement('div');
  const name = document.createElement('b');
  name.textContent = author.person?.name ?? trans.__('From disk');
  const dot = document.createElement('span');
  dot.className = 'csx-author-dot';
  if (author.person) {
    dot.style.background = book.colorOf(author.person.username);
  }
  row.append(dot, name, describe(author, trans));
  return row;
}

function describe(author: ILineAuthor, trans: TranslationBundle): string {
  const parts: string[] = [];
  if (author.time !== null) {
    parts.push(formatMoment(author.time, trans));
  }
  if (author.share < 0.995) {
    parts.push(trans.__('%1% of the line', Math.round(author.share * 100)));
  }
  return parts.length ? ` · ${parts.join(' · ')}` : '';
}
