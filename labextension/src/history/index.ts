import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { gutterPlugin } from './gutter-plugin';
import { timelinePlugin } from './timeline-plugin';

export const plugins: JupyterFrontEndPlugin<unknown>[] = [
  gutterPlugin,
  timelinePlugin
];
