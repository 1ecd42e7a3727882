import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry
} from '@jupyterlab/codemirror';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';

import { IHolder } from '../api/access';
import { documentOf, isNotebook, textOf } from '../history/shared-documents';
import { colorOf } from '../presence/colors';
import { IPresence } from '../presence/tokens';
import { AccessBar } from './access-bar';
import { CellLocks, lockCells } from './cell-locks';
import { DocumentAccess } from './document-access';
import { editorLock, IEditorLocks } from './editor-lock';
import { IAccess } from './tokens';
import { refusalInLocked } from './wording';

/** Shows in editors and notebooks what may be touched, and keeps the person out of the rest. */
export const editorPlugin: JupyterFrontEndPlugin<void> = {
  id: 'codesyncx:access-editors',
  description: 'Shows what may be changed, and by whom.',
  autoStart: true,
  requires: [IAccess, IEditorExtensionRegistry],
  optional: [IPresence, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    { model, documents }: IAccess,
    extensions: IEditorExtensionRegistry,
    presence: IPresence | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('codesyncx');
    const colorOfHolder = (holder: IHolder): string =>
      colorOf(
        presence?.people.find(({ user }) => user.username === holder.name)
          ?.user ?? {
          username: holder.name,
          display_name: holder.display_name,
          initials: '',
          color: null,
          avatar_url: null
        }
      );
    const learn = (): void =>
      model.learnNames(
        (presence?.people ?? []).map(
          ({ user }) => [user.username, user.display_name] as const
        )
      );
    presence?.changed.connect(learn);
    learn();
    extensions.addExtension({
      name: 'codesyncx-access',
      factory: ({ model }) => {
        const found = textOf(model.sharedModel);
        const access = found && documents.of(found.document);
        if (!found || !access) {
          return null;
        }
        const { text, document } = found;
        const locks: IEditorLocks =
          isNotebook(document) && 'getId' in text
            ? new CellLocks(() => text.getId(), access, trans)
            : {
                get locks() {
                  return access.text;
                },
                changed: access.changed,
                get why() {
                  return refusalInLocked([], trans);
                },
                colorOf: colorOfHolder,
                noteLines: lines => access.noteLines(lines)
              };
        return EditorExtensionRegistry.createImmutableExtension(
          editorLock(text.ysource, locks, trans)
        );
      }
    });
    extendDocuments(app, {
      createNew: (widget: Widget): IDisposable | undefined => {
        const document = documentOf(widget);
        const access = document && documents.of(document);
        if (!access || !(widget instanceof MainAreaWidget)) {
          return undefined;
        }
        const bar = new AccessBar(access, trans);
        widget.contentHeader.addWidget(bar);
        if (widget instanceof NotebookPanel) {
          lockCells(widget, access, colorOfHolder, trans);
        }
        const stop = markTab(widget, access);
        return new DisposableDelegate(() => {
          stop();
          bar.dispose();
        });
      }
    });
  }
};

/** Say on the widget itself how much of it may be changed, for its looks. */
function markTab(widget: Widget, access: DocumentAccess): () => void {
  const mark = (): void => {
    widget.toggleClass('csx-mod-readOnly', access.reach === 'nothing');
    widget.toggleClass('csx-mod-partly', access.reach === 'some');
  };
  access.changed.connect(mark);
  mark();
  return () => access.changed.disconnect(mark);
}

/** Extend the widgets of every factory, of those that come later too. */
function extendDocuments(
  { docRegistry }: JupyterFrontEnd,
  extension: DocumentRegistry.WidgetExtension
): void {
  for (const factory of docRegistry.widgetFactories()) {
    docRegistry.addWidgetExtension(factory.name, extension);
  }
  docRegistry.changed.connect((_, { type, change, name }) => {
    if (type === 'widgetFactory' && change === 'added' && name) {
      const factory = docRegistry.getWidgetFactory(name);
      docRegistry.addWidgetExtension(factory?.name ?? name, extension);
    }
  });
}
