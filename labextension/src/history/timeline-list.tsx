import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Deletion } from './deletion-log';
import { IVersion } from './messages';
import { formatDay, formatMoment, formatTime } from './moments';
import { TimelineModel } from './timeline-model';

interface IListProps {
  model: TimelineModel;
  trans: TranslationBundle;
  colorOf: (username: string) => string;
}

/** The versions under headings of days. */
export function VersionList(props: IListProps): React.JSX.Element {
  const { model, trans } = props;
  if (!model.versions.length) {
    return (
      <p className="csx-history-empty">
        {model.isLoaded
          ? trans.__('No versions yet. The first comes with the next save.')
          : trans.__('Loading…')}
      </p>
    );
  }
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const list = event.currentTarget;
    const rows = [...list.querySelectorAll<HTMLElement>('[role="option"]')];
    const index = rows.indexOf(document.activeElement as HTMLElement);
    if (step !== undefined && index >= 0) {
      event.preventDefault();
      const row = rows.at(Math.min(index + step, rows.length - 1));
      if (index + step >= 0) {
        row?.focus();
        row?.click();
      }
    }
  };
  return (
    <div
      role="listbox"
      aria-label={trans.__('Versions')}
      className="csx-version-list"
      onKeyDown={onKeyDown}
    >
      {model.versions.map((version, index) => {
        const day = formatDay(version.time, trans);
        const above = model.versions.at(index - 1);
        const isNewDay =
          index === 0 || !above || formatDay(above.time, trans) !== day;
        return (
          <React.Fragment key={version.id}>
            {isNewDay && (
              <div className="csx-history-day" role="presentation">
                {day}
              </div>
            )}
            <VersionRow {...props} version={version} />
          </React.Fragment>
        );
      })}
    </div>
  );
}

function VersionRow(
  props: IListProps & { version: IVersion }
): React.JSX.Element {
  const { model, version, trans, colorOf } = props;
  const isSelected = model.selected === version;
  return (
    <div
      role="option"
      aria-selected={isSelected}
      tabIndex={isSelected ? 0 : -1}
      className="csx-version"
      data-version={version.id}
      onClick={() => model.select(version.id)}
      title={formatMoment(version.time, trans)}
    >
      <div className="csx-version-head">
        <span className="csx-version-time">{formatTime(version.time)}</span>
        <Counts version={version} trans={trans} />
      </div>
      {version.label && (
        <div className="csx-version-label">{version.label}</div>
      )}
      <div className="csx-version-people">
        {version.people.map(person => (
          <span key={person.username} className="csx-version-person">
            <span
              className="csx-author-dot"
              style={{ background: colorOf(person.username) }}
            />
            {person.name}
          </span>
        ))}
        {!version.people.length && (
          <span className="csx-version-person csx-mod-disk">
            <span className="csx-author-dot" />
            {trans.__('From disk')}
          </span>
        )}
      </div>
    </div>
  );
}

function Counts(props: {
  version: IVersion;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { version, trans } = props;
  const spoken = trans.__(
    '%1 lines added, %2 removed',
    version.added,
    version.removed
  );
  return (
    <span className="csx-version-counts" aria-label={spoken} role="img">
      <span className="csx-count-added">+{version.added}</span>{' '}
      <span className="csx-count-removed">−{version.removed}</span>
    </span>
  );
}

/** What this person deleted since the file was opened. */
export function DeletionList(props: {
  model: TimelineModel;
  trans: TranslationBundle;
  putBack: (deletion: Deletion) => void;
}): React.JSX.Element {
  const { model, trans, putBack } = props;
  const deletions = model.deletions;
  if (!deletions.length) {
    return (
      <p className="csx-history-empty">
        {trans.__(
          'Nothing to put back: you deleted nothing since you opened this file. Older text is in the versions.'
        )}
      </p>
    );
  }
  return (
    <ul className="csx-deletion-list" aria-label={trans.__('What I deleted')}>
      {deletions.map(deletion => (
        <li key={deletion.id} className="csx-deletion">
          <div className="csx-version-head">
            <span className="csx-version-time">
              {formatTime(deletion.time / 1000)}
              {deletion.type === 'cell' && ` · ${trans.__('cell')}`}
            </span>
            <button
              className="jp-mod-styled jp-mod-minimal csx-put-back"
              onClick={() => putBack(deletion)}
              aria-label={trans.__('Put back “%1”', preview(deletion.text, 40))}
            >
              {trans.__('Put back')}
            </button>
          </div>
          <pre className="csx-deletion-text">{preview(deletion.text, 400)}</pre>
        </li>
      ))}
    </ul>
  );
}

function preview(text: string, length: number): string {
  const trimmed = text.replace(/^\n+|\s+$/g, '');
  return trimmed.length > length ? `${trimmed.slice(0, length)}…` : trimmed;
}
