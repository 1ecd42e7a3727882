import { ISignal, Signal } from '@lumino/signaling';

import { AuthorBook } from './author-book';
import { SharedDocument } from './shared-documents';

/** Whether authors are shown beside one document's lines, and who they are. */
export class Authorship {
  constructor(readonly book: AuthorBook) {}

  /** Emitted when the gutters come or go. */
  get toggled(): ISignal<this, boolean> {
    return this.toggledSignal;
  }

  get isShown(): boolean {
    return this.shown;
  }

  set isShown(isShown: boolean) {
    if (this.shown !== isShown) {
      this.shown = isShown;
      this.toggledSignal.emit(isShown);
    }
  }

  private shown = false;
  private readonly toggledSignal = new Signal<this, boolean>(this);
}

/** The authorship of every open document. */
export class AuthorshipRegistry {
  constructor(private readonly pathOf: (document: SharedDocument) => string) {}

  of(document: SharedDocument): Authorship {
    let authorship = this.known.get(document);
    if (authorship === undefined) {
      const book = new AuthorBook(document, () => this.pathOf(document));
      authorship = new Authorship(book);
      this.known.set(document, authorship);
    }
    return authorship;
  }

  private readonly known = new WeakMap<SharedDocument, Authorship>();
}
