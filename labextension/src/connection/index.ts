import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { engine } from './engine';
import { statusPlugins } from './status';

export const plugins: JupyterFrontEndPlugin<unknown>[] = [
  ...engine,
  ...statusPlugins
];

export { passagesOf, type IDraft } from './draft';
export { type DraftShelf } from './draft-shelf';
export { IConnections } from './tokens';
