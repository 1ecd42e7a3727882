import { MainAreaWidget } from '@jupyterlab/apputils';
import { JupyterFrontEnd } from '@jupyterlab/application';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { IRun } from './api';
import { runsIcon } from './icons';

/** No way to the page around it: an app can't lead the lab's own tab elsewhere. */
const MAY =
  'allow-scripts allow-forms allow-same-origin allow-popups allow-modals allow-downloads';

/** Show what a run serves beside the files, in a frame of another origin. */
export function showPreview(
  { shell }: JupyterFrontEnd,
  run: IRun,
  port: number,
  url: string,
  trans: TranslationBundle
): void {
  const id = `csx-preview-${run.id}-${port}`;
  const known = Array.from(shell.widgets('main')).find(one => one.id === id);
  known?.dispose();
  const frame = document.createElement('iframe');
  frame.className = 'csx-Preview-frame';
  frame.title = trans.__('Preview of %1', run.title);
  frame.setAttribute('sandbox', MAY);
  frame.referrerPolicy = 'no-referrer';
  frame.src = url;
  const content = new Widget();
  content.addClass('csx-Preview-page');
  content.node.append(frame);
  const view = new MainAreaWidget({ content });
  view.id = id;
  view.title.label = trans.__('Preview: %1', run.title);
  view.title.caption = trans.__('What %1 serves on port %2', run.title, port);
  view.title.icon = runsIcon;
  view.title.closable = true;
  view.toolbar.hide();
  shell.add(view, 'main', { mode: 'split-right' });
  shell.activateById(id);
}
