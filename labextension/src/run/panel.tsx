import { CommandRegistry } from '@lumino/commands';
import { Message } from '@lumino/messaging';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  buildIcon,
  closeIcon,
  editIcon,
  LabIcon,
  ReactWidget,
  runIcon,
  stopIcon,
  UseSignal
} from '@jupyterlab/ui-components';
import React from 'react';

import { IConfiguration, IRun, RunKind } from './api';
import { Badge, Progress, useNow } from './badge';
import { COMMANDS } from './commands';
import { keyIcon, lintIcon, runsIcon, testIcon } from './icons';
import { RunsModel } from './runs-model';
import { duration, elapsed, kindName, stateText, whenText } from './wording';

const KINDS: readonly RunKind[] = ['run', 'build', 'lint', 'test'];
const KIND_ICONS: Record<RunKind, LabIcon> = {
  run: runIcon,
  build: buildIcon,
  lint: lintIcon,
  test: testIcon
};

export interface IRunPanelOptions {
  readonly model: RunsModel;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  /** What people call somebody. */
  readonly nameOf: (username: string) => string;
  /** Where the command line begins: the folder that the file browser shows. */
  readonly folder: () => string;
}

/** What can be run, and what has been. */
export class RunPanel extends ReactWidget {
  constructor(private readonly options: IRunPanelOptions) {
    super();
    const title = options.trans.__('Run');
    this.id = 'csx-run-panel';
    this.addClass('csx-Run');
    this.title.icon = runsIcon;
    this.title.caption = title;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', title);
    options.commands.commandChanged.connect((_, { id }) => {
      if (id === COMMANDS.runFile) {
        this.update();
      }
    });
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this.options.model.load();
  }

  protected override render(): React.JSX.Element {
    return (
      <UseSignal signal={this.options.model.changed}>
        {() => <Content {...this.options} />}
      </UseSignal>
    );
  }
}

function Content(props: IRunPanelOptions): React.JSX.Element {
  const { model, trans } = props;
  const { refusal, complaints } = model.all;
  return (
    <>
      {(model.failure ?? refusal) && (
        <p className="csx-Run-notice csx-mod-error" role="alert">
          {model.failure ?? refusal}
        </p>
      )}
      {model.refusal && (
        <p className="csx-Run-notice csx-mod-error" role="alert">
          <span>{model.refusal}</span>
          <button
            className="csx-Run-iconButton"
            aria-label={trans.__('Dismiss')}
            title={trans.__('Dismiss')}
            onClick={() => model.dismissRefusal()}
          >
            <closeIcon.react tag="span" className="csx-Run-icon" />
          </button>
        </p>
      )}
      {refusal === null && <Start {...props} />}
      {complaints.length > 0 && (
        <div className="csx-Run-notice csx-mod-warning" role="status">
          {trans.__('The project’s runs can’t be used:')}
          <ul>
            {complaints.map(complaint => (
              <li key={complaint}>{complaint}</li>
            ))}
          </ul>
        </div>
      )}
      <History {...props} />
    </>
  );
}

function Start(props: IRunPanelOptions): React.JSX.Element {
  const { model, commands, trans } = props;
  const canRunFile = commands.isEnabled(COMMANDS.runFile);
  return (
    <div className="csx-Run-start">
      <button
        className="csx-Run-primary"
        disabled={!canRunFile}
        title={commands.caption(COMMANDS.runFile)}
        onClick={() => void commands.execute(COMMANDS.runFile)}
      >
        <runIcon.react tag="span" className="csx-Run-icon" />
        <span className="csx-Run-primaryText">
          {canRunFile
            ? commands.label(COMMANDS.runFile)
            : trans.__('Open a file to run it')}
        </span>
      </button>
      <CommandLine {...props} />
      <Version {...props} />
      <Named
        configurations={model.all.configurations}
        trans={trans}
        start={({ name }) => void model.start({ configuration: name })}
      />
      <div className="csx-Run-settings">
        {model.all.may_edit_configurations && (
          <button
            className="csx-Run-edit"
            title={commands.caption(COMMANDS.editRuns)}
            onClick={() => void commands.execute(COMMANDS.editRuns)}
          >
            <editIcon.react tag="span" className="csx-Run-icon" />
            {model.all.configurations.length === 0
              ? trans.__('Give runs a name…')
              : trans.__('Edit these runs…')}
          </button>
        )}
        {model.all.may_manage_secrets && (
          <button
            className="csx-Run-edit"
            title={commands.caption(COMMANDS.secrets)}
            onClick={() => void commands.execute(COMMANDS.secrets)}
          >
            <keyIcon.react tag="span" className="csx-Run-icon" />
            {trans.__('Secrets…')}
          </button>
        )}
      </div>
    </div>
  );
}

function CommandLine(props: IRunPanelOptions): React.JSX.Element {
  const { model, trans, folder } = props;
  const [text, setText] = React.useState('');
  const submit = async (): Promise<void> => {
    const run = await model.start({ command: text, folder: folder() });
    if (run !== null) {
      setText('');
    }
  };
  return (
    <form
      className="csx-Run-line"
      onSubmit={event => {
        event.preventDefault();
        if (text.trim() !== '') {
          void submit();
        }
      }}
    >
      <input
        className="csx-Run-input"
        dir="ltr"
        value={text}
        spellCheck={false}
        autoComplete="off"
        aria-label={trans.__('Command to run in the shown folder')}
        placeholder={trans.__('Or a command: ls -l')}
        onChange={event => setText(event.target.value)}
      />
      <button
        className="csx-Run-iconButton csx-mod-framed"
        type="submit"
        disabled={text.trim() === ''}
        aria-label={trans.__('Run this command')}
        title={trans.__('Run this command')}
      >
        <runIcon.react tag="span" className="csx-Run-icon" />
      </button>
    </form>
  );
}

/** On which files it runs: folded up, as it is mostly those of now. */
function Version({ model, trans }: IRunPanelOptions): React.JSX.Element {
  const label = trans.__('Branch, tag or commit to run');
  const ref = model.ref.trim();
  return (
    <details className="csx-Run-version">
      <summary>
        {ref === ''
          ? trans.__('Files as they are now')
          : trans.__('Files of %1', ref)}
      </summary>
      <input
        className="csx-Run-input"
        dir="ltr"
        value={model.ref}
        spellCheck={false}
        autoComplete="off"
        aria-label={label}
        placeholder={label}
        onChange={event => {
          model.ref = event.target.value;
        }}
      />
    </details>
  );
}

interface INamedProps {
  readonly configurations: readonly IConfiguration[];
  readonly trans: TranslationBundle;
  readonly start: (configuration: IConfiguration) => void;
}

/** The runs that the project has names for; build, lint and test each with a sign of its own. */
function Named(props: INamedProps): React.JSX.Element | null {
  const { configurations, trans, start } = props;
  if (configurations.length === 0) {
    return null;
  }
  const sorted = KINDS.flatMap(kind =>
    configurations.filter(one => one.kind === kind)
  );
  return (
    <ul className="csx-Run-named" aria-label={trans.__('The project’s runs')}>
      {sorted.map(one => {
        const Icon = KIND_ICONS[one.kind];
        return (
          <li key={one.name}>
            <button
              className="csx-Button"
              title={`${kindName(one.kind, trans)}: ${one.title}`}
              onClick={() => start(one)}
            >
              <Icon.react tag="span" className="csx-Run-icon" />
              {one.title}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function History(props: IRunPanelOptions): React.JSX.Element {
  const { model, trans } = props;
  const { runs, refusal } = model.all;
  const nowS = useNow(runs.some(run => !run.is_over));
  if (runs.length === 0) {
    return (
      <p className="csx-Run-empty">
        {refusal === null &&
          trans.__(
            'Code runs in a sandbox of its own, with a copy of the files you may read. Nothing has run yet.'
          )}
      </p>
    );
  }
  return (
    <>
      <h2 className="csx-Run-heading">{trans.__('Runs')}</h2>
      <ul className="csx-Run-list" aria-label={trans.__('Runs')}>
        {runs.map(run => (
          <Row key={run.id} {...props} run={run} nowS={nowS} />
        ))}
      </ul>
    </>
  );
}

interface IRowProps extends IRunPanelOptions {
  readonly run: IRun;
  readonly nowS: number;
}

function Row(props: IRowProps): React.JSX.Element {
  const { run, model, commands, trans, nowS, nameOf } = props;
  const isSelected = model.selected?.id === run.id;
  const taken = elapsed(run, nowS);
  const facts = [
    stateText(run, trans),
    taken === null ? '' : duration(taken, trans),
    nameOf(run.person),
    whenText(run.submitted_at, nowS, trans)
  ];
  return (
    <li className="csx-Run-row">
      <button
        className={`csx-Run-entry${isSelected ? ' csx-mod-selected' : ''}`}
        aria-current={isSelected}
        onClick={() => void commands.execute(COMMANDS.open, { id: run.id })}
      >
        <Badge run={run} />
        <span className="csx-Run-words">
          <span className="csx-Run-title">{run.title}</span>
          <span className="csx-Run-facts">
            {facts.filter(Boolean).join(' · ')}
          </span>
          {!run.is_over && <Progress run={run} nowS={nowS} trans={trans} />}
        </span>
      </button>
      {run.may_stop && (
        <button
          className="csx-Run-iconButton"
          aria-label={trans.__('Stop %1', run.title)}
          title={trans.__('Stop')}
          onClick={() => void model.stop(run.id)}
        >
          <stopIcon.react tag="span" className="csx-Run-icon" />
        </button>
      )}
    </li>
  );
}
