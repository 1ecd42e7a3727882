import { Token } from '@lumino/coreutils';

import { AccessModel } from './access-model';
import { DocumentAccesses } from './document-access';

/** What I may do in the project and in each open document. */
export interface IAccess {
  readonly model: AccessModel;
  readonly documents: DocumentAccesses;
}

export const IAccess = new Token<IAccess>(
  'codesyncx:IAccess',
  'What I may do in the project and in each open document.'
);
