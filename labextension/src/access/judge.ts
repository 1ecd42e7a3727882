import { TranslationBundle } from '@jupyterlab/translation';

import { IMe, IPathAccess } from '../api/access';
import { Judge, Need } from './command-guard';
import { CellSpan } from './command-rules';
import { DocumentAccess } from './document-access';
import { isCellFree } from './zones';

/** What a judge looks at when a command is about to be used. */
export interface IScene {
  readonly me: () => IMe | null;
  /** The access to the document in front; null when none is shared. */
  readonly document: () => Pick<
    DocumentAccess,
    'access' | 'reach' | 'notebook'
  > | null;
  /** The ids of these cells of the notebook in front. */
  readonly cells: (span: CellSpan) => readonly string[];
  /** The ids of those of them that hold code. */
  readonly codeCells: (span: CellSpan) => readonly string[];
  /** Whether running these cells would need a kernel that isn't there. */
  readonly wouldRun: (span: CellSpan) => boolean;
  /** What is known of the folder that a command makes something in. */
  readonly folder: (path: unknown) => IPathAccess | null | undefined;
  /** What is known of what is selected in the file browser. */
  readonly items: () => readonly (IPathAccess | null | undefined)[];
}

/** Decides from what is known; what isn't known yet is left to the server. */
export function createJudge(scene: IScene, trans: TranslationBundle): Judge {
  const lacks = (
    access: IPathAccess | null | undefined,
    { permission }: Extract<Need, { permission: unknown }>
  ): boolean =>
    access !== undefined &&
    !(access?.permissions.includes(permission) ?? false);
  return (need, args) => {
    switch (need.on) {
      case 'kernel':
        return scene.me()?.has_kernels === false
          ? trans.__('only for people who may run code')
          : null;
      case 'run': {
        const me = scene.me();
        const access = scene.document();
        const maySomewhere = me?.has_kernels !== false;
        const mayHere =
          (me?.is_trusted ?? true) ||
          (maySomewhere &&
            (access?.access?.permissions.includes('execute') ?? true));
        if (!mayHere && scene.wouldRun(need.with)) {
          return trans.__('only for people who may run code');
        }
        const isLocked =
          access !== null &&
          scene
            .codeCells(need.with)
            .some(id => !isCellFree(access.notebook, id));
        return isLocked
          ? trans.__(
              'what it prints would change this cell, which is locked for you: run it in a console'
            )
          : null;
      }
      case 'document': {
        const access = scene.document();
        const isMissing =
          access !== null &&
          (lacks(access.access, need) ||
            (need.permission === 'edit' && access.reach === 'nothing'));
        if (!isMissing) {
          return null;
        }
        return need.permission === 'edit' && access.reach === 'some'
          ? trans.__('only some of this is yours to change')
          : trans.__('you may not do this with this file');
      }
      case 'text':
        return scene.document()?.reach === 'nothing'
          ? trans.__('you can read this file, not change it')
          : null;
      case 'cells': {
        const access = scene.document();
        const isLocked =
          access !== null &&
          scene.cells(need.with).some(id => !isCellFree(access.notebook, id));
        if (isLocked) {
          return trans.__('this cell is locked for you');
        }
        return need.moves && access?.notebook.isLocked
          ? trans.__('you can change your cells, not add, move or remove any')
          : null;
      }
      case 'folder':
        return lacks(scene.folder(args.cwd ?? args.path), need)
          ? trans.__('you may not create anything in this folder')
          : null;
      case 'items':
        return scene.items().some(access => lacks(access, need))
          ? trans.__('you may not do this with what is selected')
          : null;
    }
  };
}
