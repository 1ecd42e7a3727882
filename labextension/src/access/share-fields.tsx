import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ILevel, ISubject, ISubjects, Permission } from '../api/access';
import { dateField, ExpiryChoice, IExpiry } from './expiry';
import {
  permissionName,
  permissionsFor,
  permissionsOf,
  Role,
  roleName,
  roleOf,
  rolesFor
} from './roles';
import { Face } from './face';
import { subjectName } from './wording';

const CUSTOM = 'custom';
const SUGGEST_AFTER_MS = 120;

export type ResourceKind = 'project' | 'path' | 'range';

interface ILevelFieldProps {
  readonly label: string;
  readonly value: ILevel;
  readonly resource: ResourceKind;
  readonly isForPerson: boolean;
  readonly isDisabled?: boolean;
  readonly trans: TranslationBundle;
  readonly onChange: (level: ILevel) => void;
}

/** A role, or single permissions. */
export function LevelField(props: ILevelFieldProps): React.JSX.Element {
  const { label, value, resource, isForPerson, isDisabled, trans } = props;
  const id = React.useId();
  const [isCustom, setCustom] = React.useState(false);
  const named = value.role ?? roleOf(permissionsOf(value));
  const roles = rolesFor(resource, isForPerson);
  const known =
    named !== null && !roles.includes(named as Role)
      ? [named as Role, ...roles]
      : roles;
  const role = isCustom ? null : named;
  const chosen = permissionsOf(value);
  const choose = (name: string): void => {
    setCustom(name === CUSTOM);
    props.onChange(name === CUSTOM ? { permissions: chosen } : { role: name });
  };
  const toggle = (permission: Permission): void => {
    // Permissions that come to a role on the way stay at hand.
    setCustom(true);
    const rest = chosen.filter(one => one !== permission);
    props.onChange({
      permissions: chosen.includes(permission) ? rest : [...rest, permission]
    });
  };
  return (
    <span className="csx-Share-level">
      <select
        className="csx-Share-select"
        aria-label={label}
        aria-controls={role === null ? id : undefined}
        disabled={isDisabled}
        value={role ?? CUSTOM}
        onChange={event => choose(event.target.value)}
      >
        {known.map(one => (
          <option key={one} value={one}>
            {roleName(one, trans)}
          </option>
        ))}
        <option value={CUSTOM}>{trans.__('Custom…')}</option>
      </select>
      {role === null && (
        <fieldset className="csx-Share-permissions" id={id}>
          <legend>{trans.__('May')}</legend>
          {permissionsFor(resource).map(permission => (
            <label key={permission}>
              <input
                type="checkbox"
                checked={chosen.includes(permission)}
                disabled={
                  isDisabled === true ||
                  (permission === 'read' && chosen.length > 1)
                }
                onChange={() => toggle(permission)}
              />
              {permissionName(permission, trans)}
            </label>
          ))}
        </fieldset>
      )}
    </span>
  );
}

interface IExpiryFieldProps {
  readonly label: string;
  readonly value: IExpiry;
  readonly trans: TranslationBundle;
  readonly onChange: (expiry: IExpiry) => void;
}

/** For how long. */
export function ExpiryField(props: IExpiryFieldProps): React.JSX.Element {
  const { label, value, trans, onChange } = props;
  const names: Record<ExpiryChoice, string> = {
    never: trans.__('No end'),
    hour: trans.__('For an hour'),
    day: trans.__('For a day'),
    week: trans.__('For a week'),
    month: trans.__('For 30 days'),
    date: trans.__('Until…')
  };
  return (
    <span className="csx-Share-expiry">
      <select
        className="csx-Share-select"
        aria-label={label}
        value={value.choice}
        onChange={event =>
          onChange({ ...value, choice: event.target.value as ExpiryChoice })
        }
      >
        {Object.entries(names).map(([choice, name]) => (
          <option key={choice} value={choice}>
            {name}
          </option>
        ))}
      </select>
      {value.choice === 'date' && (
        <input
          type="datetime-local"
          className="csx-Share-input"
          aria-label={trans.__('Ends at')}
          required
          min={dateField(Date.now() / 1000)}
          value={value.date}
          onChange={event => onChange({ ...value, date: event.target.value })}
        />
      )}
    </span>
  );
}

interface ISubjectFieldProps {
  readonly label: string;
  /** What was typed, or the name of who was chosen. */
  readonly text: string;
  readonly chosen: ISubject | null;
  /** Whether only people can be chosen. */
  readonly isPerson?: boolean;
  readonly trans: TranslationBundle;
  readonly suggest: (query: string) => Promise<ISubjects>;
  readonly onChange: (text: string, chosen: ISubject | null) => void;
}

/** Somebody by name: a person, a group or everyone, with suggestions to choose from. */
export function SubjectField(props: ISubjectFieldProps): React.JSX.Element {
  const { label, text, chosen, isPerson, trans, suggest, onChange } = props;
  const id = React.useId();
  const [isOpen, setOpen] = React.useState(false);
  const [current, setCurrent] = React.useState(0);
  const suggested = useSuggestions(text, isOpen && !chosen, suggest, trans);
  const found = suggested.filter(
    one =>
      (!isPerson || one.kind === 'user') &&
      // They may still be those for what was typed before.
      fits(one, text, trans)
  );
  const isShown = isOpen && !chosen && found.length > 0;
  const active = Math.min(current, found.length - 1);
  const choose = (subject: ISubject): void => {
    setOpen(false);
    onChange(subjectName(subject, trans), subject);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setOpen(true);
      if (isShown) {
        setCurrent((active + step + found.length) % found.length);
      }
    } else if (event.key === 'Enter' && isShown) {
      event.preventDefault();
      choose(found[active]);
    } else if (event.key === 'Escape' && isShown) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    <span className="csx-Share-subject">
      <input
        type="text"
        role="combobox"
        className="csx-Share-input"
        aria-label={label}
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-activedescendant={isShown ? `${id}-${active}` : undefined}
        autoComplete="off"
        spellCheck={false}
        placeholder={label}
        value={text}
        onFocus={() => setOpen(text !== '')}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
        onChange={event => {
          setOpen(true);
          setCurrent(0);
          onChange(event.target.value, null);
        }}
      />
      <ul
        role="listbox"
        id={`${id}-list`}
        className="csx-Share-suggestions"
        aria-label={trans.__('Suggestions')}
        hidden={!isShown}
      >
        {found.map((subject, index) => (
          <li
            key={`${subject.kind}:${subject.name}`}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            className={index === active ? 'csx-mod-current' : ''}
            onMouseDown={event => {
              event.preventDefault();
              choose(subject);
            }}
          >
            <Face subject={subject} />
            <span>{subjectName(subject, trans)}</span>
            <span className="csx-Share-hint">{hintOf(subject, trans)}</span>
          </li>
        ))}
      </ul>
    </span>
  );
}

function hintOf(subject: ISubject, trans: TranslationBundle): string {
  switch (subject.kind) {
    case 'group':
      return trans.__('Group');
    case 'user':
      return subject.name === subject.display_name ? '' : subject.name;
    default:
      return '';
  }
}

/** People and groups that fit what was typed, and everyone. */
function useSuggestions(
  text: string,
  isWanted: boolean,
  suggest: (query: string) => Promise<ISubjects>,
  trans: TranslationBundle
): readonly ISubject[] {
  const [found, setFound] = React.useState<readonly ISubject[]>([]);
  React.useEffect(() => {
    if (!isWanted) {
      return;
    }
    let isCurrent = true;
    const timer = window.setTimeout(() => {
      suggest(text.trim())
        .then(({ people, groups }) => [...people, ...groups])
        .catch((error: unknown) => {
          console.warn('Nobody could be suggested', error);
          return [];
        })
        .then(known => {
          if (isCurrent) {
            setFound([...known, ...everyone(text, trans)]);
          }
        })
        .catch(() => undefined);
    }, SUGGEST_AFTER_MS);
    return () => {
      isCurrent = false;
      window.clearTimeout(timer);
    };
  }, [text, isWanted, suggest, trans]);
  return found;
}

function everyone(text: string, trans: TranslationBundle): ISubject[] {
  const subject: ISubject = { kind: 'everyone', name: '', display_name: '' };
  return fits(subject, text, trans) ? [subject] : [];
}

function fits(
  subject: ISubject,
  text: string,
  trans: TranslationBundle
): boolean {
  const wanted = text.trim().toLowerCase();
  return [subject.name, subjectName(subject, trans)].some(name =>
    name.toLowerCase().includes(wanted)
  );
}
