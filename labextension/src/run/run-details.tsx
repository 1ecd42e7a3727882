import { TranslationBundle } from '@jupyterlab/translation';
import { downloadIcon, fileIcon, saveIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { IArtifact, IPathAndReason, IRun } from './api';
import { useNow } from './badge';
import { PreviewCard } from './preview-card';
import { IArtifactActions, IRunViewOptions } from './run-view';
import { duration, elapsed, share, size } from './wording';

interface IRunDetailsProps extends IRunViewOptions {
  readonly run: IRun;
}

/** What a run used of what it might, and what it made. */
export function RunDetails(props: IRunDetailsProps): React.JSX.Element {
  const { run, trans, nameOf, artifacts, previews } = props;
  return (
    <>
      <p
        className="csx-RunView-command"
        dir="ltr"
        title={trans.__('Started by %1', nameOf(run.person))}
      >
        <code>{commandText(run)}</code>
      </p>
      {!run.is_over &&
        run.ports.map(port => (
          <PreviewCard
            key={`${run.id}:${port}`}
            run={run}
            port={port}
            actions={previews}
            trans={trans}
          />
        ))}
      {run.commit && (
        <p>
          {run.commit.startsWith(run.ref)
            ? trans.__('Files of commit %1', run.commit.slice(0, 10))
            : trans.__(
                'Files of %1, commit %2',
                run.ref,
                run.commit.slice(0, 10)
              )}
        </p>
      )}
      {run.secrets.length > 0 && (
        <p>{trans.__('Secrets: %1', run.secrets.join(', '))}</p>
      )}
      <Usage run={run} trans={trans} />
      <Artifacts run={run} trans={trans} actions={artifacts} />
      {run.artifacts_note && (
        <p className="csx-Run-notice csx-mod-warning" role="status">
          {run.artifacts_note}
        </p>
      )}
      <Reasons
        title={trans.__('Not kept')}
        reasons={run.kept_back}
        trans={trans}
      />
      <Reasons
        title={trans.__('Not taken along')}
        reasons={run.left_out}
        trans={trans}
      />
    </>
  );
}

/** A command as somebody wrote it: what is for a shell was one text. */
function commandText({ command }: IRun): string {
  const [program, flag, text] = command;
  return program === '/bin/sh' && flag === '-c' && command.length === 3
    ? text
    : command.join(' ');
}

interface IPart {
  readonly run: IRun;
  readonly trans: TranslationBundle;
}

function Usage({ run, trans }: IPart): React.JSX.Element {
  const nowS = useNow(!run.is_over);
  const taken = elapsed(run, nowS);
  const average =
    run.cpu_s !== null && taken !== null && taken > 0
      ? run.cpu_s / taken
      : null;
  return (
    <dl className="csx-RunView-usage">
      {taken !== null && (
        <Meter
          label={trans.__('Time')}
          text={trans.__(
            '%1 of %2',
            duration(taken, trans),
            duration(run.time_limit_s, trans)
          )}
          value={share(taken, run.time_limit_s)}
        />
      )}
      {run.cpu_s !== null && (
        <Meter
          label={trans.__('CPU')}
          text={trans.__(
            '%1, %2 % of %3',
            duration(run.cpu_s, trans),
            Math.round(share(average ?? 0, run.cpu_limit) * 100),
            trans._n('%1 processor', '%1 processors', run.cpu_limit)
          )}
          value={share(average ?? 0, run.cpu_limit)}
        />
      )}
      {run.peak_memory_bytes !== null && (
        <Meter
          label={trans.__('Memory')}
          text={trans.__(
            '%1 of %2',
            size(run.peak_memory_bytes),
            size(run.memory_limit_bytes)
          )}
          value={share(run.peak_memory_bytes, run.memory_limit_bytes)}
        />
      )}
    </dl>
  );
}

interface IMeterProps {
  readonly label: string;
  readonly text: string;
  readonly value: number;
}

function Meter({ label, text, value }: IMeterProps): React.JSX.Element {
  return (
    <div className="csx-RunView-meter">
      <dt>{label}</dt>
      <dd>
        {text}
        <meter
          aria-label={label}
          min={0}
          max={1}
          high={0.9}
          value={value}
          title={text}
        />
      </dd>
    </div>
  );
}

interface IArtifactsProps extends IPart {
  readonly actions: IArtifactActions;
}

function Artifacts(props: IArtifactsProps): React.JSX.Element | null {
  const { run, trans, actions } = props;
  if (run.artifacts.length === 0) {
    return null;
  }
  return (
    <>
      <h3>{trans.__('Files it made')}</h3>
      <ul className="csx-RunView-files">
        {run.artifacts.map(one => (
          <li key={one.path}>
            <button
              className="csx-RunView-file"
              title={trans.__('Open %1', one.path)}
              onClick={() => actions.open(run, one)}
            >
              <fileIcon.react tag="span" className="csx-Run-icon" />
              <span className="csx-RunView-path">{one.path}</span>
              <span className="csx-RunView-size">
                {one.is_change
                  ? trans.__('changed, %1', size(one.size))
                  : size(one.size)}
              </span>
            </button>
            <Tool
              label={keepLabel(one, trans)}
              icon={saveIcon}
              run={() => actions.keep(run, one)}
            />
            <Tool
              label={trans.__('Download %1', one.path)}
              icon={downloadIcon}
              run={() => actions.download(run, one)}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

function keepLabel(
  { path, is_change }: IArtifact,
  trans: TranslationBundle
): string {
  return is_change
    ? trans.__('Put the changes of %1 into the project…', path)
    : trans.__('Keep %1 in the project…', path);
}

interface IToolProps {
  readonly label: string;
  readonly icon: typeof fileIcon;
  readonly run: () => void;
}

function Tool({ label, icon, run }: IToolProps): React.JSX.Element {
  return (
    <button
      className="csx-Run-iconButton"
      aria-label={label}
      title={label}
      onClick={run}
    >
      <icon.react tag="span" className="csx-Run-icon" />
    </button>
  );
}

interface IReasonsProps {
  readonly title: string;
  readonly reasons: readonly IPathAndReason[];
  readonly trans: TranslationBundle;
}

/** Files that stayed where they were, and why; folded up, as they seldom matter. */
function Reasons(props: IReasonsProps): React.JSX.Element | null {
  const { title, reasons, trans } = props;
  if (reasons.length === 0) {
    return null;
  }
  return (
    <details className="csx-RunView-reasons">
      <summary>
        {trans._n('%2: %1 file', '%2: %1 files', reasons.length, title)}
      </summary>
      <ul>
        {reasons.map(({ path, why }) => (
          <li key={path}>{trans.__('%1: %2', path, why)}</li>
        ))}
      </ul>
    </details>
  );
}
