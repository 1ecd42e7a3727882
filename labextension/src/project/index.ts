import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { activityPlugin } from './activity-plugin';
import { browserPlugin } from './browser-plugin';
import { deletionsPlugin } from './deletions-plugin';
import { eventsPlugin } from './events-plugin';
import { renamesPlugin } from './renames-plugin';

export const plugins: JupyterFrontEndPlugin<unknown>[] = [
  eventsPlugin,
  browserPlugin,
  renamesPlugin,
  deletionsPlugin,
  activityPlugin
];
