import { EditorView } from '@codemirror/view';
import { CodeEditor, IEditorServices } from '@jupyterlab/codeeditor';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { IRunFile, IRunFileApi } from './api';

/** What one begins with where the project has no runs of its own yet. */
const TEMPLATE = `# A table for each run: its name stands after "run.".
[run.hello]
title = "Say hello"
command = "echo hello"

# [run.web]
# title = "Web app"
# command = "python3 app.py"
# ports = [8000]              # gives it a preview
# secrets = ["API_KEY"]       # variables whose values don't stand here

# [run.web.limits]
# time = "5 min"
# memory = "1 GB"
`;

/** `.codesyncx/run.toml` in an editor; what is wrong with it stands below. */
export class RunFileEditor extends Widget {
  constructor(
    private readonly api: IRunFileApi,
    editors: IEditorServices,
    private readonly trans: TranslationBundle,
    private readonly onDirty: (isDirty: boolean) => void
  ) {
    super();
    this.addClass('csx-RunFile');
    this.complaints.className = 'csx-Run-notice csx-mod-error';
    this.complaints.setAttribute('role', 'alert');
    this.complaints.hidden = true;
    const host = document.createElement('div');
    host.className = 'csx-RunFile-editor';
    this.node.append(host, this.complaints);
    const model = new CodeEditor.Model({ mimeType: 'text/x-toml' });
    this.editor = editors.factoryService.newDocumentEditor({ host, model });
    this.editor.setOption('lineNumbers', true);
    const label = trans.__('Runs of the project, as TOML');
    this.editor.injectExtension(
      EditorView.contentAttributes.of({ 'aria-label': label })
    );
    this.editor.model.sharedModel.changed.connect(() => this.tellDirty());
  }

  /** Fetch what is in the file. */
  async load(): Promise<void> {
    this.kept = await this.api.read();
    const text = this.kept.text === '' ? TEMPLATE : this.kept.text;
    this.editor.model.sharedModel.setSource(text);
    this.complain([]);
  }

  /** Write it back; gives whether it was in order. */
  async save(): Promise<boolean> {
    const text = this.text;
    try {
      const { complaints, version } = await this.api.write({
        text,
        version: this.kept.version
      });
      this.complain(complaints);
      if (complaints.length > 0) {
        return false;
      }
      this.kept = { text, version };
      this.tellDirty();
      return true;
    } catch (error) {
      this.complain([error instanceof Error ? error.message : String(error)]);
      return false;
    }
  }

  get isDirty(): boolean {
    const { text } = this;
    return text !== this.kept.text && text !== TEMPLATE;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.editor.dispose();
    }
    super.dispose();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.editor.focus();
  }

  private get text(): string {
    return this.editor.model.sharedModel.getSource();
  }

  private tellDirty(): void {
    this.onDirty(this.isDirty);
  }

  private complain(complaints: readonly string[]): void {
    const title = document.createElement('p');
    title.textContent = this.trans.__('It wasn’t saved:');
    const list = document.createElement('ul');
    for (const complaint of complaints) {
      const item = document.createElement('li');
      item.textContent = complaint;
      list.append(item);
    }
    this.complaints.replaceChildren(title, list);
    this.complaints.hidden = complaints.length === 0;
  }

  private readonly complaints = document.createElement('div');
  private readonly editor: CodeEditor.IEditor;
  private kept: IRunFile = { text: '', version: '' };
}
