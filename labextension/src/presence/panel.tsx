import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretRightIcon,
  classes,
  LabIcon,
  ReactWidget,
  UseSignal,
  usersIcon
} from '@jupyterlab/ui-components';
import React from 'react';

import { IConnections } from '../connection/tokens';
import { Avatar } from './avatar';
import { followIcon, gatherIcon } from './icons';
import { CallMarks, IInCall, inCall, inCallText, JoinRow } from './in-call';
import {
  findPeople,
  followersOf,
  groupRows,
  IPerson,
  placeOf,
  Row,
  rowTops,
  visibleRange
} from './people';
import { IPresence } from './tokens';
import { activityText, description, followersText, placeName } from './wording';

/** With more people than this a search box helps. */
const SEARCH_FROM = 9;

export interface IPeoplePanelOptions {
  readonly presence: IPresence;
  readonly lines: Pick<IConnections, 'isOnline' | 'changed'>;
  readonly trans: TranslationBundle;
  /** The icon of a file. */
  readonly iconFor: (path: string) => LabIcon | undefined;
  /** Ask everyone to come here; null for those who may not. */
  readonly gather: () => (() => void) | null;
}

/** The left panel that tells who is where. */
export class PeoplePanel extends ReactWidget {
  constructor(private readonly _options: IPeoplePanelOptions) {
    super();
    this.id = 'csx-people-panel';
    this.addClass('csx-People');
    this.title.icon = usersIcon;
    this.title.caption = _options.trans.__('People');
    _options.lines.changed.connect(this._onLines);
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _options.trans.__('People'));
  }

  override dispose(): void {
    this._options.lines.changed.disconnect(this._onLines);
    super.dispose();
  }

  private readonly _onLines = (): void => this.update();

  protected override render(): React.JSX.Element {
    const { presence } = this._options;
    return (
      <UseSignal signal={presence.followingChanged}>
        {() => (
          <UseSignal signal={presence.changed}>
            {() => (
              <UseSignal signal={presence.voices.changed}>
                {() => (
                  <People
                    {...this._options}
                    people={presence.people}
                    leader={
                      presence.following.phase === 'off'
                        ? null
                        : presence.following.username
                    }
                  />
                )}
              </UseSignal>
            )}
          </UseSignal>
        )}
      </UseSignal>
    );
  }
}

interface IPeopleProps extends IPeoplePanelOptions {
  readonly people: readonly IPerson[];
  /** Username of the person I follow. */
  readonly leader: string | null;
}

function People(props: IPeopleProps): React.JSX.Element {
  const { people, trans, presence, lines, gather } = props;
  const [query, setQuery] = React.useState('');
  const canSearch = people.length >= SEARCH_FROM || query !== '';
  const found = canSearch ? findPeople(people, query) : people;
  const me = presence.me?.user.username;
  const followers = me === undefined ? 0 : followersOf(people, me).length;
  const bringEveryone = gather();
  return (
    <>
      <div className="csx-People-header">
        <h2 className="csx-People-title">
          {trans.__('People')}
          <span className="csx-People-count">{people.length}</span>
        </h2>
        {bringEveryone && (
          <button
            className="csx-Button"
            onClick={bringEveryone}
            title={trans.__('Ask everyone to come to where you are')}
          >
            <gatherIcon.react tag="span" className="csx-Button-icon" />
            {trans.__('Bring everyone here')}
          </button>
        )}
      </div>
      <JoinRow people={people} voices={presence.voices} trans={trans} />
      {canSearch && (
        <input
          className="csx-People-search jp-mod-styled"
          type="search"
          value={query}
          placeholder={trans.__('Find a person or file')}
          aria-label={trans.__('Find a person or file')}
          onChange={event => setQuery(event.target.value)}
        />
      )}
      {followers > 0 && (
        <p className="csx-People-followers" role="status">
          <followIcon.react tag="span" className="csx-Button-icon" />
          {followersText(followers, trans)}
        </p>
      )}
      {found.length === 0 ? (
        <p className="csx-People-empty">
          {query === ''
            ? trans.__('Looking for people…')
            : trans.__('Nobody matches “%1”.', query)}
        </p>
      ) : (
        <PeopleTree {...props} found={found} />
      )}
      {people.length === 1 && (
        <p className="csx-People-empty">
          {lines.isOnline
            ? trans.__('You are alone here. Who opens this project shows up.')
            : trans.__(
                'No connection to the server: who else is here shows when it is back.'
              )}
        </p>
      )}
    </>
  );
}

interface ITreeProps extends IPeopleProps {
  readonly found: readonly IPerson[];
}

/** A tree in a window: however many people there are, only those in view are drawn. */
function PeopleTree(props: ITreeProps): React.JSX.Element {
  const { found, trans, presence, people, leader } = props;
  const [collapsed, setCollapsed] = React.useState<ReadonlySet<string>>(
    new Set()
  );
  const [active, setActive] = React.useState<string | null>(null);
  const tree = React.useRef<HTMLDivElement>(null);
  const view = useView(tree);
  const rows = groupRows(found, collapsed);
  const tops = rowTops(rows, view.group_px, view.person_px);
  const [first, last] = visibleRange(tops, view.scrollTop, view.height);
  const activeIndex = Math.max(
    0,
    rows.findIndex(row => rowId(row) === active)
  );

  const moveTo = (index: number): void => {
    const target = Math.max(0, Math.min(index, rows.length - 1));
    setActive(rowId(rows[target]));
    reveal(tree.current, tops[target], tops[target + 1]);
  };
  const toggle = (key: string, close: boolean): void => {
    const next = new Set(collapsed);
    if (close) {
      next.add(key);
    } else {
      next.delete(key);
    }
    setCollapsed(next);
  };
  const goTo = (person: IPerson): void => {
    void presence.goTo(placeOf(person.presence));
  };
  const toggleFollow = (person: IPerson): void => {
    if (person.user.username === leader) {
      presence.unfollow();
    } else {
      presence.follow(person.user.username);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const row = rows[activeIndex];
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    switch (event.key) {
      case 'ArrowDown':
        moveTo(activeIndex + 1);
        break;
      case 'ArrowUp':
        moveTo(activeIndex - 1);
        break;
      case 'Home':
        moveTo(0);
        break;
      case 'End':
        moveTo(rows.length - 1);
        break;
      case 'ArrowLeft':
      case 'ArrowRight':
        onSideways(row, (event.key === 'ArrowLeft') !== isRightToLeft());
        break;
      case 'Enter':
      case ' ':
        if (row.type === 'group') {
          toggle(row.key, !row.collapsed);
        } else {
          goTo(row.person);
        }
        break;
      case 'f':
      case 'F':
        if (row.type === 'group' || row.person.isMe) {
          return;
        }
        toggleFollow(row.person);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onSideways = (row: Row, isOut: boolean): void => {
    if (row.type === 'group') {
      toggle(row.key, isOut);
    } else if (isOut && row.level === 2) {
      moveTo(parentOf(rows, activeIndex));
    }
  };

  return (
    <div
      ref={tree}
      className="csx-People-tree"
      role="tree"
      tabIndex={0}
      aria-label={trans.__('People by file. Enter goes to them, F follows.')}
      aria-activedescendant={rowId(rows[activeIndex])}
      onKeyDown={onKeyDown}
      onScroll={view.onScroll}
    >
      <div
        className="csx-People-rows"
        role="presentation"
        style={{ height: tops[rows.length] }}
      >
        {rows.slice(first, last).map((row, index) => {
          const shared = {
            key: rowId(row),
            id: rowId(row),
            style: {
              top: tops[first + index],
              height: tops[first + index + 1] - tops[first + index]
            },
            isActive: first + index === activeIndex,
            trans
          };
          return row.type === 'group' ? (
            <GroupRow
              {...shared}
              key={shared.key}
              row={row}
              icon={row.path === null ? undefined : props.iconFor(row.path)}
              onClick={() => {
                setActive(shared.id);
                toggle(row.key, !row.collapsed);
              }}
            />
          ) : (
            <PersonRow
              {...shared}
              key={shared.key}
              row={row}
              people={people}
              call={inCall(row.person, presence.voices.now)}
              isFollowed={row.person.user.username === leader}
              onClick={() => {
                setActive(shared.id);
                goTo(row.person);
              }}
              onFollow={() => toggleFollow(row.person)}
            />
          );
        })}
      </div>
    </div>
  );
}

interface IRowProps {
  readonly id: string;
  readonly style: React.CSSProperties;
  readonly isActive: boolean;
  readonly trans: TranslationBundle;
  readonly onClick: () => void;
}

interface IGroupRowProps extends IRowProps {
  readonly row: Extract<Row, { type: 'group' }>;
  readonly icon: LabIcon | undefined;
}

function GroupRow(props: IGroupRowProps): React.JSX.Element {
  const { row, trans } = props;
  const Caret = row.collapsed ? caretRightIcon : caretDownIcon;
  const name =
    row.path === null ? trans.__('No file open') : PathExt.basename(row.path);
  const folder = row.path === null ? '' : PathExt.dirname(row.path);
  return (
    <div
      id={props.id}
      role="treeitem"
      aria-level={1}
      aria-expanded={!row.collapsed}
      aria-label={trans._n(
        '%2: %1 person',
        '%2: %1 people',
        row.count,
        row.path ?? name
      )}
      aria-selected={props.isActive}
      className={classes(
        'csx-People-group',
        props.isActive ? 'csx-mod-current' : ''
      )}
      style={props.style}
      title={row.path ?? name}
      onClick={props.onClick}
    >
      <Caret.react tag="span" className="csx-People-caret" />
      {props.icon && (
        <props.icon.react tag="span" className="csx-People-fileIcon" />
      )}
      <span className="csx-People-file">{name}</span>
      <span className="csx-People-folder">{folder}</span>
      <span className="csx-People-count">{row.count}</span>
    </div>
  );
}

interface IPersonRowProps extends IRowProps {
  readonly row: Extract<Row, { type: 'person' }>;
  readonly people: readonly IPerson[];
  readonly call: IInCall | null;
  readonly isFollowed: boolean;
  readonly onFollow: () => void;
}

function PersonRow(props: IPersonRowProps): React.JSX.Element {
  const { row, people, trans, call, isFollowed } = props;
  const { person } = row;
  const { user, presence } = person;
  const label = [description(person, people, trans), inCallText(call, trans)]
    .filter(Boolean)
    .join(', ');
  const activity = activityText(person, people, trans);
  const place =
    person.isMe && presence.path !== null ? placeName(presence, trans) : '';
  const followLabel = isFollowed
    ? trans.__('Stop following %1', user.display_name)
    : trans.__('Follow %1', user.display_name);
  return (
    <div
      id={props.id}
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.of}
      aria-label={label}
      aria-selected={props.isActive}
      aria-keyshortcuts={person.isMe ? undefined : 'F'}
      className={classes(
        'csx-People-person',
        `csx-mod-${presence.status}`,
        row.level === 2 ? 'csx-mod-inFile' : '',
        props.isActive ? 'csx-mod-current' : '',
        isFollowed ? 'csx-mod-followed' : '',
        call?.isSpeaking ? 'csx-mod-speaking' : ''
      )}
      style={props.style}
      title={label}
      onClick={props.onClick}
    >
      <Avatar user={user} status={presence.status} />
      <span className="csx-People-text">
        <span className="csx-People-name">
          {user.display_name}
          {person.isMe && (
            <span className="csx-People-you">{trans.__('you')}</span>
          )}
          <CallMarks state={call} />
        </span>
        <span className="csx-People-activity">{place || activity}</span>
      </span>
      {!person.isMe && (
        <button
          className="csx-People-follow"
          tabIndex={-1}
          aria-pressed={isFollowed}
          aria-label={followLabel}
          title={followLabel}
          onClick={event => {
            event.stopPropagation();
            props.onFollow();
          }}
        >
          <followIcon.react tag="span" className="csx-Button-icon" />
          <span className="csx-People-followText">{trans.__('Follow')}</span>
        </button>
      )}
    </div>
  );
}

function rowId(row: Row): string {
  return `csx-People-${row.type}-${encodeURIComponent(row.key)}`;
}

function parentOf(rows: readonly Row[], index: number): number {
  let parent = index;
  while (parent > 0 && rows[parent].type !== 'group') {
    parent--;
  }
  return parent;
}

function reveal(
  element: HTMLElement | null,
  top: number,
  bottom: number
): void {
  if (!element) {
    return;
  }
  if (top < element.scrollTop) {
    element.scrollTop = top;
  } else if (bottom > element.scrollTop + element.clientHeight) {
    element.scrollTop = bottom - element.clientHeight;
  }
}

function isRightToLeft(): boolean {
  return getComputedStyle(document.body).direction === 'rtl';
}

interface IView {
  readonly scrollTop: number;
  readonly height: number;
  readonly group_px: number;
  readonly person_px: number;
  readonly onScroll: (event: React.UIEvent<HTMLElement>) => void;
}

/** What of the list is in view, and how high its rows are in the font of the theme. */
function useView(element: React.RefObject<HTMLElement>): IView {
  const [scrollTop, setScrollTop] = React.useState(0);
  const [height, setHeight] = React.useState(600);
  const [font_px, setFont] = React.useState(13);
  React.useEffect(() => {
    const node = element.current;
    if (!node) {
      return;
    }
    const observer = new ResizeObserver(() => {
      setHeight(node.clientHeight);
      setFont(parseFloat(getComputedStyle(node).fontSize) || 13);
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
  return {
    scrollTop,
    height,
    group_px: Math.round(font_px * 2.1),
    person_px: Math.round(font_px * 3.3),
    onScroll: event => setScrollTop(event.currentTarget.scrollTop)
  };
}
