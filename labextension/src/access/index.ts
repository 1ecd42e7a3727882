import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { accessPlugin } from './access-plugin';
import { editorPlugin } from './editor-plugin';
import { guestPlugin } from './guest-plugin';
import { sharePlugin } from './share-plugin';
import { shutOutPlugin } from './shut-out-plugin';

export const plugins: JupyterFrontEndPlugin<unknown>[] = [
  accessPlugin,
  guestPlugin,
  editorPlugin,
  sharePlugin,
  shutOutPlugin
];

export { IAccess } from './tokens';
