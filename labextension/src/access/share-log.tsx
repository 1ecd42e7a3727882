import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { AuditWhat, IAuditEntry } from '../api/access';
import { ITabProps } from './share-people';
import { failureText, momentText, subjectName } from './wording';

const PAGE = 50;
const FILTER_AFTER_MS = 250;

/** Who was given, used or refused what, and when. */
export function LogTab({ model, trans }: ITabProps): React.JSX.Element {
  const [entries, setEntries] = React.useState<readonly IAuditEntry[]>([]);
  const [hasMore, setHasMore] = React.useState(false);
  const [what, setWhat] = React.useState('');
  const [who, setWho] = React.useState('');
  const [problem, setProblem] = React.useState('');
  const { path } = model.scope;
  const fetchPage = React.useCallback(
    async (before?: number): Promise<void> => {
      try {
        const page = await model.api.audit({
          before,
          limit: PAGE,
          what,
          who: who.trim(),
          path
        });
        setEntries(known =>
          before === undefined ? page : [...known, ...page]
        );
        setHasMore(page.length === PAGE);
        setProblem('');
      } catch (error) {
        setProblem(failureText(error));
      }
    },
    [model, what, who, path]
  );
  React.useEffect(() => {
    const timer = window.setTimeout(() => void fetchPage(), FILTER_AFTER_MS);
    return () => window.clearTimeout(timer);
  }, [fetchPage]);
  const names = whatNames(trans);
  return (
    <>
      <div className="csx-Share-row">
        <select
          className="csx-Share-select"
          aria-label={trans.__('What happened')}
          value={what}
          onChange={event => setWhat(event.target.value)}
        >
          <option value="">{trans.__('All that happened')}</option>
          {Object.entries(names).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
        <input
          type="search"
          className="csx-Share-input"
          aria-label={trans.__('By whom')}
          placeholder={trans.__('By whom')}
          value={who}
          onChange={event => setWho(event.target.value)}
        />
        <button
          type="button"
          className="csx-Share-button"
          onClick={() => {
            model.api.exportAudit().then(
              lines => download('access-log.jsonl', lines),
              (error: unknown) => setProblem(failureText(error))
            );
          }}
        >
          {trans.__('Export all')}
        </button>
      </div>
      {problem && (
        <p className="csx-Share-problem" role="alert">
          {problem}
        </p>
      )}
      <div
        className="csx-Share-log"
        role="region"
        aria-label={trans.__('Log')}
        tabIndex={0}
      >
        <table>
          <thead>
            <tr>
              <th scope="col">{trans.__('When')}</th>
              <th scope="col">{trans.__('Who')}</th>
              <th scope="col">{trans.__('What')}</th>
              <th scope="col">{trans.__('Where')}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(entry => (
              <tr key={entry.id}>
                <td>{momentText(entry.time)}</td>
                <td>{entry.who}</td>
                <td>{whatText(entry, names, trans)}</td>
                <td>{entry.path || trans.__('the project')}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {entries.length === 0 && (
          <p className="csx-Share-note">{trans.__('Nothing of that kind.')}</p>
        )}
        {hasMore && (
          <button
            type="button"
            className="csx-Share-button"
            onClick={() => void fetchPage(entries.at(-1)?.id)}
          >
            {trans.__('Show older')}
          </button>
        )}
      </div>
    </>
  );
}

function whatNames(trans: TranslationBundle): Record<AuditWhat, string> {
  return {
    granted: trans.__('Gave access'),
    changed: trans.__('Changed access'),
    revoked: trans.__('Took access back'),
    link_created: trans.__('Made a link'),
    link_revoked: trans.__('Revoked a link'),
    joined: trans.__('Came by a link'),
    refused: trans.__('Was refused'),
    expired: trans.__('Access ended'),
    range_lost: trans.__('A place was lost'),
    secret_set: trans.__('Set a secret'),
    secret_removed: trans.__('Removed a secret'),
    secret_used: trans.__('Ran something with secrets'),
    preview_published: trans.__('Showed a preview to everybody'),
    preview_closed: trans.__('Closed a public preview')
  };
}

/** "Gave access: Grace Hopper (editor)". */
function whatText(
  { what, subject, detail }: IAuditEntry,
  names: Readonly<Record<string, string>>,
  trans: TranslationBundle
): string {
  const name =
    subject === null || typeof subject === 'string'
      ? subject
      : subjectName(subject, trans);
  const more = detailText(detail);
  const about = [name, more && `(${more})`].filter(Boolean).join(' ');
  const happened = names[what] ?? what;
  return about ? `${happened}: ${about}` : happened;
}

function detailText(detail: unknown): string {
  if (typeof detail === 'string') {
    return detail;
  }
  if (typeof detail !== 'object' || detail === null) {
    return '';
  }
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) =>
      key === 'role' ? String(value) : `${key}: ${JSON.stringify(value)}`
    )
    .join(', ');
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(
    new Blob([text], { type: 'application/jsonl' })
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
