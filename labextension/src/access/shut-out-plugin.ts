import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IStanding } from '../api/access';
import { IConnections } from '../connection';
import { ShutOutPage } from './shut-out-page';
import { IAccess } from './tokens';

/** How often it is asked whether I am let in again. */
const EVERY_MS = 5_000;

/** Covers everything once there is nothing in the project for me any more, and says why. */
export const shutOutPlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:access-shut-out',
  description: 'Says so when one has lost all access, and keeps unsent edits.',
  autoStart: true,
  requires: [IAccess, IConnections],
  optional: [ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    { model }: IAccess,
    lines: IConnections,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    model.shutOut.connect(() => lines.endAll());
    lines.shutOut.connect(() => {
      const page = new ShutOutPage(lines.drafts, trans, () =>
        window.location.reload()
      );
      page.open();
      watchStanding(
        () => model.api.standing(),
        standing => page.tell(standing)
      );
    });
  }
};

/** Ask how I stand, now and from time to time while I look. */
function watchStanding(
  ask: () => Promise<IStanding>,
  tell: (standing: IStanding) => void
): void {
  let isAsking = false;
  const look = async (): Promise<void> => {
    if (isAsking || document.hidden) {
      return;
    }
    isAsking = true;
    try {
      tell(await ask());
    } catch (error) {
      console.debug('The server does not say whether I am let in', error);
    } finally {
      isAsking = false;
    }
  };
  document.addEventListener('visibilitychange', () => void look());
  setInterval(() => void look(), EVERY_MS);
  void look();
}
