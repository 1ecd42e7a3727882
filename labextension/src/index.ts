import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { plugins as access } from './access';
import { plugins as call } from './call';
import { plugins as chat } from './chat';
import { plugins as connection } from './connection';
import { plugins as history } from './history';
import { plugins as presence } from './presence';
import { plugins as project } from './project';
import { plugins as run } from './run';

/** Every plugin of the extension, one folder a feature. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  ...connection,
  ...access,
  ...presence,
  ...project,
  ...chat,
  ...call,
  ...history,
  ...run
];

export default plugins;
