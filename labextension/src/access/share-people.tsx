import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IGrant, ILevel, ISubject } from '../api/access';
import { endOf, IExpiry, NEVER } from './expiry';
import { Face } from './face';
import {
  describePermissions,
  levelName,
  permissionsOf,
  roleName,
  roleWords
} from './roles';
import {
  ExpiryField,
  LevelField,
  ResourceKind,
  SubjectField
} from './share-fields';
import { IScope, ShareModel } from './share-model';
import { rangeText, subjectName, untilText } from './wording';

export interface ITabProps {
  readonly model: ShareModel;
  readonly trans: TranslationBundle;
}

/** How a scope counts for roles and permissions. */
export function resourceOf({ kind }: IScope): ResourceKind {
  return kind === 'project' || kind === 'range' ? kind : 'path';
}

/** Who has access, and a line to give it to somebody else. */
export function PeopleTab({ model, trans }: ITabProps): React.JSX.Element {
  const { here, onRanges, inherited } = model.groups;
  return (
    <>
      <AddForm model={model} trans={trans} />
      <h3 className="csx-Share-heading">{trans.__('Who has access')}</h3>
      {model.isLoading ? (
        <p className="csx-Share-note" role="status">
          {trans.__('Asking the server…')}
        </p>
      ) : (
        <>
          <ul className="csx-Share-list">
            {model.me?.is_owner && <OwnRow model={model} trans={trans} />}
            {here.map(grant => (
              <GrantRow
                key={grant.id}
                grant={grant}
                model={model}
                trans={trans}
              />
            ))}
          </ul>
          {here.length === 0 && (
            <p className="csx-Share-note">
              {model.scope.kind === 'project'
                ? trans.__('Nobody else has been given anything yet.')
                : trans.__('Nothing is given just here.')}
            </p>
          )}
          <Section
            title={trans.__('On some of its lines or cells')}
            grants={onRanges}
            model={model}
            trans={trans}
          />
          <Section
            title={trans.__('From further up')}
            grants={inherited}
            model={model}
            trans={trans}
            isFixed
          />
        </>
      )}
    </>
  );
}

function AddForm({ model, trans }: ITabProps): React.JSX.Element {
  const [text, setText] = React.useState('');
  const [chosen, setChosen] = React.useState<ISubject | null>(null);
  const [level, setLevel] = React.useState<ILevel>({ role: 'viewer' });
  const [expiry, setExpiry] = React.useState<IExpiry>(NEVER);
  const resource = resourceOf(model.scope);
  const suggest = React.useCallback(
    (query: string) => model.api.subjects(query),
    [model]
  );
  React.useEffect(() => {
    setLevel({ role: resource === 'range' ? 'editor' : 'viewer' });
  }, [resource]);
  const name = text.trim();
  const end = endOf(expiry, Date.now() / 1000);
  const canShare = name !== '' && end !== undefined && !model.isBusy;
  const submit = async (): Promise<void> => {
    if (!canShare) {
      return;
    }
    const isTeam = model.teams.some(team => team.name === name);
    const kind = isTeam ? ('group' as const) : ('user' as const);
    const subject = chosen ?? { kind, name };
    const done = trans.__(
      '%1 now has access: %2.',
      subjectName(subject, trans),
      levelName(
        { role: level.role ?? null, permissions: permissionsOf(level) },
        trans
      )
    );
    if (await model.share(subject, level, end, done)) {
      setText('');
      setChosen(null);
      setExpiry(NEVER);
    }
  };
  return (
    <form
      className="csx-Share-add"
      aria-label={trans.__('Give access')}
      onSubmit={event => {
        event.preventDefault();
        void submit();
      }}
    >
      <div className="csx-Share-row">
        <SubjectField
          label={trans.__('Add a person, a group or everyone')}
          text={text}
          chosen={chosen}
          trans={trans}
          suggest={suggest}
          onChange={(next, subject) => {
            setText(next);
            setChosen(subject);
          }}
        />
        <LevelField
          label={trans.__('Role')}
          value={level}
          resource={resource}
          isForPerson={chosen === null || chosen.kind === 'user'}
          trans={trans}
          onChange={setLevel}
        />
        <ExpiryField
          label={trans.__('For how long')}
          value={expiry}
          trans={trans}
          onChange={setExpiry}
        />
        <button
          type="submit"
          className="csx-Share-button csx-mod-main"
          aria-disabled={!canShare}
        >
          {trans.__('Share')}
        </button>
      </div>
      <LevelWords level={level} resource={resource} trans={trans} />
    </form>
  );
}

/** What a role or single permissions mean, in a sentence. */
export function LevelWords(props: {
  level: ILevel;
  resource: ResourceKind;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { level, resource, trans } = props;
  const words =
    level.role === undefined ? '' : roleWords(level.role, resource, trans);
  return (
    <p className="csx-Share-words" role="status">
      {level.role !== undefined && words !== '' ? (
        <>
          <strong>{roleName(level.role, trans)}:</strong> {words}.
        </>
      ) : (
        `${describePermissions(permissionsOf(level), trans)}.`
      )}
    </p>
  );
}

function OwnRow({ model, trans }: ITabProps): React.JSX.Element {
  const me = model.me;
  const name = me?.name ?? '';
  return (
    <li className="csx-Share-person">
      <Face
        subject={{ kind: 'user', name: me?.username ?? '', display_name: name }}
      />
      <span className="csx-Share-who">
        <span className="csx-Share-name">{trans.__('%1 (you)', name)}</span>
        <span className="csx-Share-hint">
          {trans.__('owns the project and can’t be locked out')}
        </span>
      </span>
      <span className="csx-Share-fixed">{trans.__('Owner')}</span>
    </li>
  );
}

function Section(
  props: ITabProps & {
    title: string;
    grants: readonly IGrant[];
    isFixed?: boolean;
  }
): React.JSX.Element | null {
  const { title, grants, model, trans, isFixed } = props;
  if (grants.length === 0) {
    return null;
  }
  return (
    <>
      <h3 className="csx-Share-heading">{title}</h3>
      <ul className="csx-Share-list">
        {grants.map(grant => (
          <GrantRow
            key={grant.id}
            grant={grant}
            model={model}
            trans={trans}
            isFixed={isFixed}
          />
        ))}
      </ul>
    </>
  );
}

function GrantRow(
  props: ITabProps & { grant: IGrant; isFixed?: boolean }
): React.JSX.Element {
  const { grant, model, trans, isFixed } = props;
  const name = subjectName(grant.subject, trans);
  const level: ILevel =
    grant.role === null
      ? { permissions: grant.permissions }
      : { role: grant.role };
  // What everyone has as long as nobody says otherwise is no grant of the store's.
  const isDefault = grant.id === 0;
  const isLink = grant.subject.kind === 'link';
  const isAbove = isFixed === true || grant.inherited || isLink;
  const resource =
    grant.range !== null ? 'range' : grant.path === '' ? 'project' : 'path';
  const upper = model.scopes.find(
    one => one.path === grant.path && one.kind !== 'range'
  );
  return (
    <li className="csx-Share-person">
      <Face subject={grant.subject} />
      <span className="csx-Share-who">
        <span className="csx-Share-name">{name}</span>
        <span className="csx-Share-hint">{originOf(grant, trans)}</span>
      </span>
      {isAbove ? (
        <>
          <span className="csx-Share-fixed">{levelName(grant, trans)}</span>
          {upper && upper !== model.scope && (
            <button
              type="button"
              className="csx-Share-button"
              aria-label={trans.__('Change the access of %1 there', name)}
              onClick={() => {
                model.scope = upper;
              }}
            >
              {trans.__('Go there')}
            </button>
          )}
        </>
      ) : (
        <>
          <LevelField
            label={trans.__('Role of %1', name)}
            value={level}
            resource={resource}
            isForPerson={grant.subject.kind === 'user'}
            isDisabled={model.isBusy}
            trans={trans}
            onChange={next => {
              const done = trans.__('The access of %1 was changed.', name);
              void (isDefault
                ? model.share(grant.subject, next, null, done)
                : model.change(grant, next, done));
            }}
          />
          {!isDefault && (
            <EndField grant={grant} name={name} model={model} trans={trans} />
          )}
          {!isDefault && (
            <button
              type="button"
              className="csx-Share-button"
              aria-label={trans.__('Remove the access of %1', name)}
              onClick={() =>
                void model.revoke(
                  grant,
                  trans.__('%1 no longer has this access.', name)
                )
              }
            >
              {trans.__('Remove')}
            </button>
          )}
        </>
      )}
    </li>
  );
}

/** Changes until when somebody has access. */
function EndField(
  props: ITabProps & { grant: IGrant; name: string }
): React.JSX.Element {
  const { grant, name, model, trans } = props;
  const [draft, setDraft] = React.useState<IExpiry | null>(null);
  const change = (next: IExpiry): void => {
    setDraft(next);
    const end = endOf(next, Date.now() / 1000);
    if (end !== undefined) {
      const done = trans.__('The access of %1 was changed.', name);
      void model.change(grant, { expires_at: end }, done).then(isDone => {
        if (isDone) {
          setDraft(null);
        }
      });
    }
  };
  if (draft === null) {
    return (
      <button
        type="button"
        className="csx-Share-button csx-mod-quiet"
        aria-label={trans.__('Change how long %1 has access', name)}
        onClick={() => setDraft({ choice: 'date', date: '' })}
      >
        {grant.expires_at === null
          ? trans.__('No end')
          : untilText(grant.expires_at, trans)}
      </button>
    );
  }
  return (
    <ExpiryField
      label={trans.__('How long %1 has access', name)}
      value={draft}
      trans={trans}
      onChange={change}
    />
  );
}

/** "lines 10–22 · given by Ada", "on src". */
function originOf(grant: IGrant, trans: TranslationBundle): string {
  const parts: string[] = [];
  if (grant.range !== null) {
    parts.push(
      grant.range.state === 'lost'
        ? trans.__('a place that can’t be found again')
        : rangeText(grant.range, trans)
    );
  }
  if (grant.inherited) {
    parts.push(
      grant.path === ''
        ? trans.__('on the project')
        : trans.__('on %1', grant.path)
    );
  }
  if (grant.id === 0) {
    parts.push(trans.__('as the server is set up'));
  }
  if (grant.granted_by) {
    parts.push(trans.__('given by %1', grant.granted_by_name));
  }
  return parts.join(' · ');
}
