import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { engine } from './engine';
import { statusPlugins } from './status';

export const plugins: JupyterFrontEndPlugin<unknown>[] = [
  ...engine,
  ...statusPlugins
];

export { IConnections } from './tokens';
