import { JupyterFrontEnd } from '@jupyterlab/application';
import {
  InputDialog,
  MainAreaWidget,
  showErrorMessage
} from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Contents, ServerConnection } from '@jupyterlab/services';
import { PartialJSONValue } from '@lumino/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';

import { Widget } from '@lumino/widgets';

import { foldersAbove } from './deletion';
import { IOpenDocument } from './open-documents';

/** The present content of an open document, as it is saved. */
export function contentOf(
  context: DocumentRegistry.Context
): Partial<Contents.IModel> {
  const { model } = context;
  const isNotebook = context.contentsModel?.type === 'notebook';
  const content: PartialJSONValue = isNotebook
    ? model.toJSON()
    : model.toString();
  return {
    type: isNotebook ? 'notebook' : 'file',
    format: isNotebook ? 'json' : (context.contentsModel?.format ?? 'text'),
    content
  };
}

/** Ask for a path, save the document's present content there and give the path. */
export async function keepCopy(
  context: DocumentRegistry.Context,
  contents: Contents.IManager,
  trans: TranslationBundle
): Promise<string | null> {
  let suggestion = context.localPath;
  for (;;) {
    const answer = await InputDialog.getText({
      title: trans.__('Keep a copy'),
      label: trans.__('Where in the project? The same place brings it back.'),
      text: suggestion,
      okLabel: trans.__('Keep')
    });
    const path = answer.button.accept
      ? contents.normalize((answer.value ?? '').trim()).replace(/^\/+/, '')
      : '';
    if (path === '') {
      return null;
    }
    if (!(await exists(path, contents))) {
      await makeFolders(path, contents);
      await contents.save(path, { path, ...contentOf(context) });
      return path;
    }
    await showErrorMessage(
      trans.__('There is a file already'),
      trans.__('%1 exists. Please choose another name.', path)
    );
    suggestion = path;
  }
}

/** Open the file at `path` in place of a document that lost its own. */
export async function replace(
  lost: IOpenDocument,
  path: string,
  shell: JupyterFrontEnd.IShell,
  manager: IDocumentManager
): Promise<void> {
  const { context, widgets } = lost;
  const [widget] = widgets;
  const factory = factoryOf(lost, manager);
  const content = new Widget();
  const placeholder = new MainAreaWidget({ content });
  placeholder.title.label = widget.title.label;
  shell.add(placeholder, 'main', {
    ref: widget.id,
    mode: 'tab-after',
    activate: false
  });
  const isCurrent = shell.currentWidget === widget;
  // The kernel outlives the tab.
  context.sessionContext.kernelPreference = {
    ...context.sessionContext.kernelPreference,
    shutdownOnDispose: false
  };
  // Two documents can't be open under one path: the lost one goes first.
  context.model.dirty = false;
  await manager.closeFile(context.localPath);
  manager.openOrReveal(path, factory, undefined, {
    ref: placeholder.id,
    mode: 'tab-after',
    activate: isCurrent
  });
  placeholder.dispose();
}

/** The name of what shows the document: an editor, a preview. */
function factoryOf(
  { context, widgets }: IOpenDocument,
  manager: IDocumentManager
): string | undefined {
  const { localPath } = context;
  return manager.registry
    .preferredWidgetFactories(localPath)
    .find(({ name }) => manager.findWidget(localPath, name) === widgets[0])
    ?.name;
}

/**
 * Whether there is something at `path`.
 *
 * The folders are asked, not the path itself: a browser writes each no to its console as an error.
 */
export async function exists(
  path: string,
  contents: Contents.IManager
): Promise<boolean> {
  const names = path.split('/');
  let folder = '';
  for (const [depth, name] of names.entries()) {
    const entry = (await list(folder, contents)).find(
      each => each.name === name
    );
    if (!entry || depth === names.length - 1) {
      return entry !== undefined;
    }
    if (entry.type !== 'directory') {
      return false;
    }
    folder = entry.path;
  }
  return false;
}

/** What a folder holds; nothing when it is gone by now. */
async function list(
  folder: string,
  contents: Contents.IManager
): Promise<Contents.IModel[]> {
  try {
    const model = await contents.get(folder, {
      type: 'directory',
      content: true
    });
    return (model.content ?? []) as Contents.IModel[];
  } catch (error) {
    if (
      error instanceof ServerConnection.ResponseError &&
      error.response.status === 404
    ) {
      return [];
    }
    throw error;
  }
}

async function makeFolders(
  path: string,
  contents: Contents.IManager
): Promise<void> {
  for (const folder of foldersAbove(path)) {
    if (!(await exists(folder, contents))) {
      await contents.save(folder, { path: folder, type: 'directory' });
    }
  }
}
