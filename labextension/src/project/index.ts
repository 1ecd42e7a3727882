import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { eventsPlugin } from './events-plugin';

export const plugins: JupyterFrontEndPlugin<unknown>[] = [eventsPlugin];
