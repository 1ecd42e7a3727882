import { IDocumentProviderFactory } from '@jupyter/docprovider';
import { YDocument, DocumentChange } from '@jupyter/ydoc';
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { DocumentProvider } from './document-provider';
import { DraftShelf } from './draft-shelf';
import { IRestart } from './link';

/** The lines of all open documents, and the drafts kept for them. */
export interface IConnections extends IDocumentProviderFactory {
  readonly providers: ReadonlySet<DocumentProvider>;
  readonly drafts: DraftShelf;
  /** Whether this page hears who is in the project. */
  readonly isOnline: boolean;
  /** Some document's line changed, came or went, or `isOnline` did. */
  readonly changed: ISignal<IConnections, void>;
  /** A document has to be opened afresh. */
  readonly restarting: ISignal<IConnections, IProviderRestart>;
  /** I am let in nowhere any more; emitted once. No document is opened afresh from then on. */
  readonly shutOut: ISignal<IConnections, void>;
  readonly isShutOut: boolean;
  /** End all documents, with their unsent edits as drafts: I am let in nowhere any more. */
  endAll(): void;
  noteOnline(isOnline: boolean): void;
  /** Try all lines at once; `isAsked` when the person wants it. */
  reconnect(isAsked?: boolean): void;
  find(model: YDocument<DocumentChange>): DocumentProvider | undefined;
}

export interface IProviderRestart extends IRestart {
  provider: DocumentProvider;
}

export const IConnections = new Token<IConnections>(
  'codesyncx:IConnections',
  'The lines of all open documents to the server.'
);
