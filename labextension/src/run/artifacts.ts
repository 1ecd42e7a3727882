import {
  Dialog,
  InputDialog,
  MainAreaWidget,
  showDialog
} from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { PathExt } from '@jupyterlab/coreutils';
import { JupyterFrontEnd } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { toast, toastError } from '../chat/toast';
import { DiffView } from '../history/diff-view';
import { artifactUrl, fetchArtifact, IArtifact, IRun } from './api';
import { saveFrom } from './save-blob';
import { ProjectFiles } from './project-files';
import { IArtifactActions } from './run-view';

/** More than this isn't drawn: it is for downloading. */
const MOST_SHOWN_BYTES = 5_000_000;
const CHUNK_BYTES = 0x8000;

export interface IArtifactOptions {
  readonly app: JupyterFrontEnd;
  readonly rendermime: IRenderMimeRegistry;
  readonly languages: IEditorLanguageRegistry;
  readonly trans: TranslationBundle;
}

/** What one can do with a file that a run has made. */
export function artifactActions(options: IArtifactOptions): IArtifactActions {
  const told =
    (act: (run: IRun, artifact: IArtifact) => Promise<void>) =>
    (run: IRun, artifact: IArtifact): void => {
      act(run, artifact).catch(toastError);
    };
  return {
    open: told((run, artifact) => open(options, run, artifact)),
    keep: told((run, artifact) => keep(options, run, artifact)),
    download: (run, { path }) => {
      const { serverSettings } = options.app.serviceManager;
      saveFrom(`${artifactUrl(serverSettings, run, path)}?download=1`, path);
    }
  };
}

async function open(
  { app, rendermime, trans }: IArtifactOptions,
  run: IRun,
  { path, size }: IArtifact
): Promise<void> {
  const type = app.docRegistry.getFileTypesForPath(path).at(0);
  const isText = type?.fileFormat !== 'base64';
  const mime = type?.mimeTypes.find(one => rendermime.mimeTypes.includes(one));
  if (size > MOST_SHOWN_BYTES || (!isText && mime === undefined)) {
    toast('info', trans.__('%1 can’t be shown here: download it.', path));
    return;
  }
  const settings = app.serviceManager.serverSettings;
  const blob = await fetchArtifact(settings, run, path);
  const shownAs = mime ?? 'text/plain';
  const data = isText ? await blob.text() : await base64Of(blob);
  // Never trusted: what a run has made is anybody's, and must not run in this page.
  const content = rendermime.createRenderer(shownAs);
  content.addClass('csx-RunArtifact');
  content.node.tabIndex = 0;
  await content.renderModel(
    rendermime.createModel({ data: { [shownAs]: data }, trusted: false })
  );
  const view = new MainAreaWidget({ content });
  view.id = `csx-artifact-${run.id}-${path}`;
  view.title.label = PathExt.basename(path);
  view.title.caption = trans.__('%1, as %2 has made it', path, run.title);
  view.title.closable = true;
  view.toolbar.hide();
  app.shell.add(view, 'main', { mode: 'tab-after' });
  app.shell.activateById(view.id);
}

async function keep(
  options: IArtifactOptions,
  run: IRun,
  artifact: IArtifact
): Promise<void> {
  const { app, trans } = options;
  const { serverSettings } = app.serviceManager;
  const files = new ProjectFiles(serverSettings);
  const blob = await fetchArtifact(serverSettings, run, artifact.path);
  let path = artifact.path;
  if (!artifact.is_change) {
    const asked = await InputDialog.getText({
      title: trans.__('Keep in the project as'),
      text: path,
      okLabel: trans.__('Keep')
    });
    if (!asked.button.accept || !asked.value) {
      return;
    }
    path = asked.value;
  }
  const existing = await files.textOf(path);
  if (
    existing !== undefined &&
    !(await confirm(options, path, existing, blob))
  ) {
    return;
  }
  await files.write(path, await base64Of(blob));
  toast('info', trans.__('%1 is in the project now.', path));
}

async function confirm(
  { languages, trans }: IArtifactOptions,
  path: string,
  before: string | null,
  blob: Blob
): Promise<boolean> {
  let body: Widget | string = trans.__('What is in it now will be replaced.');
  if (before !== null && blob.size < MOST_SHOWN_BYTES) {
    const diff = new DiffView(languages);
    diff.addClass('csx-RunArtifact-diff');
    await diff.compare(
      {
        before,
        after: await blob.text(),
        fileName: path,
        beforeLabel: trans.__('In the project'),
        afterLabel: trans.__('As the run has made it')
      },
      'inline'
    );
    body = diff;
  }
  const { button } = await showDialog({
    title: trans.__('Change %1 in the project?', path),
    body,
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Change it') })
    ]
  });
  return button.accept;
}

async function base64Of(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES)));
  }
  return btoa(parts.join(''));
}
