import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { accessPlugin } from './access-plugin';
import { editorPlugin } from './editor-plugin';
import { executorPlugin, guestPlugin } from './guest-plugin';
import { sharePlugin } from './share-plugin';

export const plugins: JupyterFrontEndPlugin<unknown>[] = [
  accessPlugin,
  executorPlugin,
  guestPlugin,
  editorPlugin,
  sharePlugin
];

export { IAccess } from './tokens';
