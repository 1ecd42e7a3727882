import { IThemeManager } from '@jupyterlab/apputils';
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { Panel, PanelLayout, Widget } from '@lumino/widgets';
import React from 'react';

import { socketTo } from '../api/events';
import { IArtifact, IRun } from './api';
import { runsIcon } from './icons';
import { LogStream } from './log-stream';
import { LogView } from './log-view';
import { IPreviewActions } from './preview-card';
import { RunDetails } from './run-details';
import { RunHeader } from './run-header';
import { RunsModel } from './runs-model';

export interface IArtifactActions {
  readonly open: (run: IRun, artifact: IArtifact) => void;
  readonly keep: (run: IRun, artifact: IArtifact) => void;
  readonly download: (run: IRun, artifact: IArtifact) => void;
}

export interface IRunViewOptions {
  readonly model: RunsModel;
  readonly settings: ServerConnection.ISettings;
  readonly themes: IThemeManager | null;
  readonly trans: TranslationBundle;
  readonly nameOf: (username: string) => string;
  readonly artifacts: IArtifactActions;
  readonly previews: IPreviewActions;
  readonly saveLog: (run: IRun, text: string) => void;
}

/** One run: how it goes, what it prints, what it used and what it made. One for the whole page. */
export class RunView extends Widget {
  constructor(private readonly options: IRunViewOptions) {
    super();
    const { model, trans } = options;
    this.id = 'csx-run-view';
    this.addClass('csx-RunView');
    this.title.icon = runsIcon;
    this.title.closable = true;
    this.log = new LogView(trans, options.themes);
    const header = widgetOf(model, run => (
      <RunHeader {...options} run={run} log={this.log} />
    ));
    header.addClass('csx-RunView-header');
    const details = widgetOf(model, run => (
      <RunDetails {...options} run={run} />
    ));
    details.addClass('csx-RunView-details');
    const body = new Panel();
    body.addClass('csx-RunView-body');
    body.addWidget(this.log);
    body.addWidget(details);
    const layout = new PanelLayout();
    layout.addWidget(header);
    layout.addWidget(body);
    this.layout = layout;
    model.selectionChanged.connect(() => this.showSelected());
    model.changed.connect(() => this.name());
    this.showSelected();
  }

  /** Begin anew with the run that is selected now. */
  private showSelected(): void {
    const { model, settings, trans } = this.options;
    const run = model.selected;
    if (run === null || run.id === this.shownId) {
      return;
    }
    this.shownId = run.id;
    this.name();
    this.stream?.dispose();
    this.log.clear();
    this.stream = new LogStream(
      query => socketTo(settings, `runs/${run.id}/log`, query),
      {
        onRun: news => model.take(news),
        onOutput: pieces => this.log.add(pieces),
        onLost: () =>
          this.log.add([
            {
              number: -1,
              text: trans.__('The output can’t be had any longer.'),
              ends_line: true,
              is_notice: true
            }
          ])
      }
    );
  }

  private name(): void {
    const { model, trans } = this.options;
    const title = model.selected?.title ?? '';
    this.title.label = trans.__('Run: %1', title);
    this.title.caption = this.title.label;
  }

  private readonly log: LogView;
  private stream: LogStream | null = null;
  private shownId: string | null = null;
}

function widgetOf(
  model: RunsModel,
  draw: (run: IRun) => React.JSX.Element
): ReactWidget {
  return ReactWidget.create(
    <UseSignal signal={model.changed}>
      {() => (model.selected === null ? null : draw(model.selected))}
    </UseSignal>
  );
}
