import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IGroup, ISubject, ISubjects } from '../api/access';
import { Face } from './face';
import { SubjectField } from './share-fields';
import { ITabProps } from './share-people';
import { subjectName } from './wording';

/** People to whom something can be given together. */
export function GroupsTab(props: ITabProps): React.JSX.Element {
  const { model, trans } = props;
  const [opened, setOpened] = React.useState('');
  return (
    <>
      <p className="csx-Share-note">
        {trans.__(
          'What you give to a group, all of its members have: those who come later too, and nobody who has left it.'
        )}
      </p>
      <GroupForm {...props} onMade={setOpened} />
      <h3 className="csx-Share-heading">{trans.__('Groups')}</h3>
      {model.teams.length === 0 && (
        <p className="csx-Share-note">{trans.__('There are none.')}</p>
      )}
      <ul className="csx-Share-list">
        {model.teams.map(team => (
          <GroupRow
            key={team.name}
            {...props}
            team={team}
            isOpen={team.name === opened}
            toggle={() => setOpened(team.name === opened ? '' : team.name)}
          />
        ))}
      </ul>
    </>
  );
}

function GroupForm(
  props: ITabProps & { onMade: (name: string) => void }
): React.JSX.Element {
  const { model, trans, onMade } = props;
  const [text, setText] = React.useState('');
  const name = text.trim();
  const submit = async (): Promise<void> => {
    if (name === '' || model.isBusy) {
      return;
    }
    const done = trans.__('The group %1 is made. Who belongs to it?', name);
    if (await model.makeGroup(name, done)) {
      setText('');
      onMade(name);
    }
  };
  return (
    <form
      className="csx-Share-add"
      aria-label={trans.__('Make a group')}
      onSubmit={event => {
        event.preventDefault();
        void submit();
      }}
    >
      <div className="csx-Share-row">
        <input
          type="text"
          className="csx-Share-input csx-mod-wide"
          aria-label={trans.__('Name of the new group')}
          placeholder={trans.__('A new group, such as “assistants”')}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <button
          type="submit"
          className="csx-Share-button csx-mod-main"
          aria-disabled={name === '' || model.isBusy}
        >
          {trans.__('Make group')}
        </button>
      </div>
    </form>
  );
}

interface IRowProps extends ITabProps {
  readonly team: IGroup;
  readonly isOpen: boolean;
  readonly toggle: () => void;
}

function GroupRow(props: IRowProps): React.JSX.Element {
  const { team, isOpen, toggle, model, trans } = props;
  const { name, people } = team;
  const id = React.useId();
  const [isAsking, setAsking] = React.useState(false);
  const subject: ISubject = { kind: 'group', name, display_name: name };
  return (
    <li className="csx-Share-person">
      <Face subject={subject} />
      <span className="csx-Share-who">
        <span className="csx-Share-name">{name}</span>
        {!isOpen && people.length > 0 && (
          <span className="csx-Share-hint">
            {people.map(one => subjectName(one, trans)).join(', ')}
          </span>
        )}
      </span>
      {isAsking && (
        <span className="csx-Share-hint" role="status">
          {trans.__('What was given to it ends at once.')}
        </span>
      )}
      <button
        type="button"
        className="csx-Share-button"
        aria-expanded={isOpen}
        aria-controls={id}
        aria-label={trans.__('Members of %1', name)}
        onClick={toggle}
      >
        {trans._n('%1 member', '%1 members', people.length)}
      </button>
      <button
        type="button"
        className={`csx-Share-button${isAsking ? ' csx-mod-warn' : ''}`}
        aria-label={
          isAsking
            ? trans.__('Really delete the group %1', name)
            : trans.__('Delete the group %1', name)
        }
        onBlur={() => setAsking(false)}
        onClick={() => {
          if (isAsking) {
            void model.dissolveGroup(
              team,
              trans.__('The group %1 is no more.', name)
            );
          } else {
            setAsking(true);
          }
        }}
      >
        {isAsking ? trans.__('Really delete') : trans.__('Delete')}
      </button>
      <div id={id} className="csx-Share-members" hidden={!isOpen}>
        {isOpen && <Members {...props} />}
      </div>
    </li>
  );
}

function Members({ team, model, trans }: IRowProps): React.JSX.Element {
  const [text, setText] = React.useState('');
  const [chosen, setChosen] = React.useState<ISubject | null>(null);
  const field = React.useRef<HTMLFormElement>(null);
  const focusField = (): void =>
    field.current?.querySelector<HTMLElement>('[role="combobox"]')?.focus();
  React.useEffect(focusField, []);
  const suggest = React.useCallback(
    async (query: string): Promise<ISubjects> => {
      const { people } = await model.api.subjects(query);
      const isIn = new Set(team.people.map(one => one.name));
      return { people: people.filter(one => !isIn.has(one.name)), groups: [] };
    },
    [model, team]
  );
  const add = async (): Promise<void> => {
    const name = chosen?.name ?? text.trim();
    if (name === '' || model.isBusy) {
      return;
    }
    const done = trans.__('%1 now belongs to %2.', text.trim(), team.name);
    if (await model.addMember(team, name, done)) {
      setText('');
      setChosen(null);
      focusField();
    }
  };
  return (
    <>
      <ul className="csx-Share-chips" aria-label={trans.__('Members')}>
        {team.people.map(person => {
          const name = subjectName(person, trans);
          const words = trans.__('Remove %1 from %2', name, team.name);
          return (
            <li key={person.name} className="csx-Share-chip">
              <span title={person.name}>{name}</span>
              <button
                type="button"
                className="csx-Share-close"
                aria-label={words}
                title={words}
                onClick={() => {
                  const done = trans.__(
                    '%1 no longer belongs to %2.',
                    name,
                    team.name
                  );
                  focusField();
                  void model.removeMember(team, person.name, done);
                }}
              >
                <closeIcon.react tag="span" />
              </button>
            </li>
          );
        })}
      </ul>
      <form
        ref={field}
        className="csx-Share-row"
        aria-label={trans.__('Add a member to %1', team.name)}
        onSubmit={event => {
          event.preventDefault();
          void add();
        }}
      >
        <SubjectField
          label={trans.__('Add a person')}
          text={text}
          chosen={chosen}
          isPerson
          trans={trans}
          suggest={suggest}
          onChange={(next, subject) => {
            setText(next);
            setChosen(subject);
          }}
        />
        <button
          type="submit"
          className="csx-Share-button"
          aria-disabled={text.trim() === '' || model.isBusy}
        >
          {trans.__('Add')}
        </button>
      </form>
    </>
  );
}
