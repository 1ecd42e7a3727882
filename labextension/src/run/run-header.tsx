import { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretUpIcon,
  classes,
  downloadIcon,
  refreshIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import React from 'react';

import { IRun } from './api';
import { Badge, Progress, useNow } from './badge';
import { IFound, LogView } from './log-view';
import { IRunViewOptions } from './run-view';
import { duration, elapsed, stateText } from './wording';

interface IRunHeaderProps extends IRunViewOptions {
  readonly run: IRun;
  readonly log: LogView;
}

/** How a run goes, and what can be done about it. */
export function RunHeader(props: IRunHeaderProps): React.JSX.Element {
  const { run, trans, model, log, saveLog } = props;
  const nowS = useNow(!run.is_over);
  const taken = elapsed(run, nowS);
  return (
    <>
      <div className="csx-RunView-state" role="status">
        <Badge run={run} />
        <strong>{stateText(run, trans)}</strong>
        {taken !== null && <span>{duration(taken, trans)}</span>}
        {run.exit_code !== null && (
          <span>{trans.__('Exit code %1', run.exit_code)}</span>
        )}
        {run.state !== 'succeeded' && run.sentence && (
          <span className="csx-RunView-sentence">{run.sentence}</span>
        )}
      </div>
      {!run.is_over && <Progress run={run} nowS={nowS} trans={trans} />}
      <div className="csx-RunView-tools">
        {run.may_stop && (
          <button
            className="csx-Button csx-RunView-stop"
            onClick={() => void model.stop(run.id)}
          >
            <stopIcon.react tag="span" className="csx-Run-icon" />
            {trans.__('Stop')}
          </button>
        )}
        <button
          className="csx-Button"
          onClick={() => void model.again(run)}
          title={trans.__('Run the same with the files as they are now')}
        >
          <refreshIcon.react tag="span" className="csx-Run-icon" />
          {trans.__('Run again')}
        </button>
        <Search log={log} trans={trans} />
        <button
          className="csx-Run-iconButton"
          aria-label={trans.__('Save the output as a file')}
          title={trans.__('Save the output as a file')}
          onClick={() => saveLog(run, log.text)}
        >
          <downloadIcon.react tag="span" className="csx-Run-icon" />
        </button>
      </div>
      {model.refusal && (
        <p className="csx-Run-notice csx-mod-error" role="alert">
          {model.refusal}
        </p>
      )}
    </>
  );
}

interface ISearchProps {
  readonly log: LogView;
  readonly trans: TranslationBundle;
}

function Search({ log, trans }: ISearchProps): React.JSX.Element {
  const [text, setText] = React.useState('');
  const [found, setFound] = React.useState<IFound | null>(null);
  React.useEffect(() => {
    const onFound = (_: LogView, news: IFound | null): void => setFound(news);
    log.found.connect(onFound);
    return () => {
      log.found.disconnect(onFound);
    };
  }, [log]);
  const step = (direction: 'next' | 'previous'): void =>
    log.search(text, direction);
  return (
    <div className="csx-RunView-search" role="search">
      <input
        type="search"
        className="csx-Run-input"
        value={text}
        placeholder={trans.__('Search the output')}
        aria-label={trans.__('Search the output')}
        onChange={event => {
          setText(event.target.value);
          log.search(event.target.value, 'typed');
        }}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            step(event.shiftKey ? 'previous' : 'next');
          } else if (event.key === 'Escape') {
            setText('');
            log.search('', 'typed');
          }
        }}
      />
      {text !== '' && (
        <>
          <span
            className={classes(
              'csx-RunView-count',
              found?.count === 0 ? 'csx-mod-none' : ''
            )}
            role="status"
          >
            {countText(found, trans)}
          </span>
          <button
            className="csx-Run-iconButton"
            aria-label={trans.__('Previous match')}
            title={trans.__('Previous match')}
            onClick={() => step('previous')}
          >
            <caretUpIcon.react tag="span" className="csx-Run-icon" />
          </button>
          <button
            className="csx-Run-iconButton"
            aria-label={trans.__('Next match')}
            title={trans.__('Next match')}
            onClick={() => step('next')}
          >
            <caretDownIcon.react tag="span" className="csx-Run-icon" />
          </button>
        </>
      )}
    </div>
  );
}

function countText(found: IFound | null, trans: TranslationBundle): string {
  if (found === null || found.count === 0) {
    return trans.__('Nothing found');
  }
  return found.at < 0
    ? trans.__('Many')
    : trans.__('%1 of %2', found.at + 1, found.count);
}
