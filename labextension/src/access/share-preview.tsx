import {
  caretRightIcon,
  classes,
  fileIcon,
  folderIcon,
  LabIcon,
  notebookIcon
} from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IPreviewEntry, ISubject } from '../api/access';
import { describePermissions, roleName, roleOf } from './roles';
import { SubjectField } from './share-fields';
import { SubjectChoice } from './share-model';
import { ITabProps } from './share-people';
import { failureText, subjectName } from './wording';

const ICONS: Record<IPreviewEntry['type'], LabIcon> = {
  directory: folderIcon,
  file: fileIcon,
  notebook: notebookIcon
};

/** "What does this person see?" as a tree of files. */
export function PreviewTab({ model, trans }: ITabProps): React.JSX.Element {
  const subjects = uniqueSubjects(model.grants.map(grant => grant.subject));
  const [text, setText] = React.useState('');
  const [chosen, setChosen] = React.useState<ISubject | null>(null);
  const suggest = React.useCallback(
    (query: string) => model.api.subjects(query),
    [model]
  );
  const folder =
    model.scope.kind === 'file' || model.scope.kind === 'range'
      ? model.scope.path.split('/').slice(0, -1).join('/')
      : model.scope.path;
  const list = React.useCallback(
    (path: string) =>
      chosen === null ? Promise.resolve([]) : model.api.preview(chosen, path),
    [model, chosen]
  );
  const choose = (subject: ISubject): void => {
    setText(subjectName(subject, trans));
    setChosen(subject);
  };
  return (
    <>
      <div className="csx-Share-row">
        <SubjectField
          label={trans.__('Whose view')}
          text={text}
          chosen={chosen}
          trans={trans}
          suggest={suggest}
          onChange={(next, subject) => {
            setText(next);
            setChosen(subject);
          }}
        />
      </div>
      <div
        className="csx-Share-chips"
        role="group"
        aria-label={trans.__('Who has access here')}
      >
        {subjects.map(subject => (
          <button
            key={`${subject.kind}:${subject.name}`}
            type="button"
            className="csx-Share-button"
            aria-pressed={isSame(subject, chosen)}
            onClick={() => choose(subject)}
          >
            {subjectName(subject, trans)}
          </button>
        ))}
      </div>
      {chosen === null ? (
        <p className="csx-Share-note">
          {trans.__('Choose somebody to see the files as they see them.')}
        </p>
      ) : (
        <div
          className="csx-Share-tree"
          role="tree"
          aria-label={trans.__(
            'What %1 sees of %2',
            subjectName(chosen, trans),
            folder || trans.__('the project')
          )}
          onKeyDown={moveInTree}
        >
          <Level
            key={`${chosen.kind}:${chosen.name}:${folder}`}
            path={folder}
            depth={1}
            list={list}
            trans={trans}
          />
        </div>
      )}
    </>
  );
}

interface ILevelProps {
  readonly path: string;
  readonly depth: number;
  readonly list: (path: string) => Promise<readonly IPreviewEntry[]>;
  readonly trans: TranslationBundle;
}

function Level(props: ILevelProps): React.JSX.Element {
  const { path, depth, list, trans } = props;
  const [entries, setEntries] = React.useState<readonly IPreviewEntry[]>([]);
  const [note, setNote] = React.useState(trans.__('Asking the server…'));
  React.useEffect(() => {
    let isCurrent = true;
    list(path).then(
      found => {
        if (isCurrent) {
          setEntries(found);
          setNote(found.length === 0 ? trans.__('Nothing here.') : '');
        }
      },
      (error: unknown) => {
        if (isCurrent) {
          setNote(failureText(error));
        }
      }
    );
    return () => {
      isCurrent = false;
    };
  }, [path, list, trans]);
  return (
    <>
      {entries.map((entry, index) => (
        <Entry
          key={entry.path}
          {...props}
          entry={entry}
          isFirst={depth === 1 && index === 0}
        />
      ))}
      {note && (
        <div
          role="treeitem"
          aria-level={depth}
          className="csx-Share-entry csx-mod-hidden"
          style={{ paddingInlineStart: `${depth * 16}px` }}
        >
          {note}
        </div>
      )}
    </>
  );
}

function Entry(
  props: ILevelProps & { entry: IPreviewEntry; isFirst: boolean }
): React.JSX.Element {
  const { entry, depth, trans, isFirst } = props;
  const [isOpen, setOpen] = React.useState(false);
  const isFolder = entry.type === 'directory';
  const Icon = ICONS[entry.type];
  const what = wordsOf(entry, trans);
  return (
    <>
      <div
        role="treeitem"
        aria-level={depth}
        aria-expanded={isFolder && entry.is_reached ? isOpen : undefined}
        tabIndex={isFirst ? 0 : -1}
        className={classes(
          'csx-Share-entry',
          entry.is_reached ? '' : 'csx-mod-hidden'
        )}
        style={{ paddingInlineStart: `${depth * 16}px` }}
        data-folder={isFolder && entry.is_reached}
        onClick={() => setOpen(isFolder && entry.is_reached && !isOpen)}
      >
        {isFolder ? (
          <caretRightIcon.react
            tag="span"
            className={classes('csx-Share-caret', isOpen ? 'csx-mod-open' : '')}
          />
        ) : (
          <span className="csx-Share-caret" />
        )}
        <Icon.react tag="span" className="csx-Share-entryIcon" />
        <span className="csx-Share-entryName">{entry.name}</span>
        <span className="csx-Share-hint">{what}</span>
      </div>
      {isOpen && <Level {...props} path={entry.path} depth={depth + 1} />}
    </>
  );
}

function wordsOf(entry: IPreviewEntry, trans: TranslationBundle): string {
  if (!entry.is_reached) {
    return trans.__('hidden');
  }
  if (entry.permissions.length === 0) {
    return entry.ranges > 0
      ? trans._n('only %1 place in it', 'only %1 places in it', entry.ranges)
      : trans.__('only some of what is in it');
  }
  const role = roleOf(entry.permissions);
  const level =
    role === null
      ? describePermissions(entry.permissions, trans)
      : roleName(role, trans);
  return entry.ranges > 0
    ? trans._n(
        '%2, and other access to %1 place in it',
        '%2, and other access to %1 places in it',
        entry.ranges,
        level
      )
    : level;
}

/** Arrow keys, Home and End go through the tree; right and left open and close. */
function moveInTree(event: React.KeyboardEvent<HTMLElement>): void {
  const items = Array.from(
    event.currentTarget.querySelectorAll<HTMLElement>('[tabindex]')
  );
  const here = items.findIndex(item => item === document.activeElement);
  const item = items.at(here);
  const targets: Record<string, number> = {
    ArrowDown: Math.min(here + 1, items.length - 1),
    ArrowUp: Math.max(here - 1, 0),
    Home: 0,
    End: items.length - 1
  };
  if (event.key in targets && items.length > 0) {
    event.preventDefault();
    items[targets[event.key]].focus();
    return;
  }
  const isOpen = item?.getAttribute('aria-expanded');
  const toggles =
    (event.key === 'ArrowRight' && isOpen === 'false') ||
    (event.key === 'ArrowLeft' && isOpen === 'true') ||
    event.key === 'Enter' ||
    event.key === ' ';
  if (toggles && here >= 0) {
    event.preventDefault();
    item?.click();
  }
}

function uniqueSubjects(subjects: readonly ISubject[]): ISubject[] {
  return subjects.filter(
    (subject, index) =>
      subjects.findIndex(other => isSame(other, subject)) === index
  );
}

function isSame(one: SubjectChoice, other: SubjectChoice | null): boolean {
  return other?.kind === one.kind && other.name === one.name;
}
