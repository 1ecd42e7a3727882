import { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, MainAreaWidget, showDialog } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { TranslationBundle } from '@jupyterlab/translation';
import { editIcon, saveIcon, ToolbarButton } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';

import { toastError } from '../chat/toast';
import { IRunFileApi } from './api';
import { COMMANDS } from './commands';
import { RunFileEditor } from './run-file-editor';

/** The tab in which the project's runs are edited; asks before it throws away what isn't saved. */
class RunFileTab extends MainAreaWidget<RunFileEditor> {
  constructor(
    content: RunFileEditor,
    private readonly trans: TranslationBundle
  ) {
    super({ content });
    this.id = 'csx-run-file';
    this.title.label = trans.__('Runs of the Project');
    this.title.caption = '.codesyncx/run.toml';
    this.title.icon = editIcon;
    this.title.closable = true;
    this.toolbar.addItem(
      'save',
      new ToolbarButton({
        icon: saveIcon,
        label: trans.__('Save'),
        tooltip: trans.__('Save, and use them from now on'),
        onClick: () => void content.save()
      })
    );
  }

  markDirty(isDirty: boolean): void {
    this.title.className = isDirty ? 'jp-mod-dirty' : '';
  }

  protected override onCloseRequest(message: Message): void {
    void this.mayClose().then(may => {
      if (may) {
        super.onCloseRequest(message);
        this.dispose();
      }
    });
  }

  private async mayClose(): Promise<boolean> {
    if (!this.content.isDirty) {
      return true;
    }
    const { trans } = this;
    const save = Dialog.okButton({ label: trans.__('Save') });
    const drop = Dialog.warnButton({ label: trans.__('Discard') });
    const { button } = await showDialog({
      title: trans.__('Save the runs of the project?'),
      body: trans.__('What you have changed isn’t saved.'),
      buttons: [Dialog.cancelButton(), drop, save]
    });
    return button === drop || (button === save && (await this.content.save()));
  }
}

/** Add the commands that open and save the project's runs. */
export function addRunFileCommands(
  { commands, shell }: JupyterFrontEnd,
  api: IRunFileApi,
  editors: IEditorServices,
  trans: TranslationBundle
): void {
  let tab: RunFileTab | null = null;
  const none = { type: 'object', properties: {} } as const;
  commands.addCommand(COMMANDS.editRuns, {
    label: trans.__('Edit Runs of the Project'),
    caption: trans.__('Commands that the project has names for, with limits'),
    icon: editIcon,
    describedBy: { args: none },
    execute: async () => {
      if (tab === null || tab.isDisposed) {
        const content = new RunFileEditor(api, editors, trans, isDirty =>
          tab?.markDirty(isDirty)
        );
        try {
          await content.load();
        } catch (error) {
          content.dispose();
          toastError(error);
          return;
        }
        tab = new RunFileTab(content, trans);
        shell.add(tab, 'main');
      }
      shell.activateById(tab.id);
    }
  });
  commands.addCommand(COMMANDS.saveRuns, {
    label: trans.__('Save Runs of the Project'),
    icon: saveIcon,
    describedBy: { args: none },
    isEnabled: () => tab !== null && !tab.isDisposed,
    execute: () => tab?.content.save()
  });
}
