import { TranslationBundle } from '@jupyterlab/translation';
import {
  classes,
  fileIcon,
  folderIcon,
  historyIcon,
  VDomRenderer
} from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import * as React from 'react';

import { Avatar } from '../presence/avatar';
import { initialsOf, IUser } from '../presence/protocol';
import {
  groupByDay,
  IActivityEntry,
  IDay,
  isNew,
  presentPath
} from './activity-list';
import { ActivityModel } from './activity-model';
import {
  dayName,
  folderOf,
  timeOf,
  whatWasDone,
  whoDid
} from './activity-wording';

/** How long the panel must have been in view until its entries count as seen. */
const SEEN_AFTER_MS = 2000;

export interface IActivityPanelOptions {
  readonly trans: TranslationBundle;
  /** Show a file or folder that an entry is about. */
  readonly open: (path: string, isDir: boolean) => void;
  /** What is known of a person who is or was here. */
  readonly userOf: (username: string) => IUser | null;
  /** Whether the tab of the panel shows how much is new. */
  readonly showsBadge: () => boolean;
}

/** "What happened since I was last here." */
export class ActivityPanel extends VDomRenderer<ActivityModel> {
  constructor(
    model: ActivityModel,
    private readonly options: IActivityPanelOptions
  ) {
    super(model);
    this.id = 'codesyncx-activity';
    this.addClass('csx-Activity');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', options.trans.__('Activity'));
    this.title.icon = historyIcon;
    this.showBadge();
    model.stateChanged.connect(() => this.onChange());
    document.addEventListener('visibilitychange', this.lookLater);
  }

  override dispose(): void {
    document.removeEventListener('visibilitychange', this.lookLater);
    clearTimeout(this.timer);
    super.dispose();
  }

  /** Show how much is new on the panel's tab. */
  showBadge(): void {
    const { trans, showsBadge } = this.options;
    const { unseen } = this.model;
    this.title.caption =
      unseen > 0
        ? trans._n('Activity (%1 new)', 'Activity (%1 new)', unseen)
        : trans.__('Activity');
    const isShown = unseen > 0 && showsBadge();
    this.title.className = isShown ? 'csx-activity-tab csx-mod-unseen' : '';
    this.title.dataset = isShown
      ? { 'csx-unseen': unseen > 99 ? '99+' : unseen.toString() }
      : {};
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.model.beginVisit();
    this.lookLater();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const target =
      this.node.querySelector<HTMLElement>('.csx-Activity-entry') ?? this.node;
    target.focus();
  }

  protected override render(): React.JSX.Element {
    const { trans } = this.options;
    const { entries, failure, hasMore, isLoading } = this.model;
    return (
      <>
        <div className="csx-Activity-header">
          <h2 className="csx-Activity-title">{trans.__('Activity')}</h2>
        </div>
        {failure !== null && (
          <p className="csx-Activity-note" role="alert">
            {trans.__('The activity could not be fetched: %1', failure)}
          </p>
        )}
        {entries.length === 0 && failure === null && !isLoading && (
          <p className="csx-Activity-note">
            {trans.__(
              'Nothing yet. What people edit, create, move and delete shows here.'
            )}
          </p>
        )}
        <div className="csx-Activity-list" onKeyDown={moveFocus}>
          {groupByDay(entries).map(day => this.renderDay(day))}
          {hasMore && (
            <button
              type="button"
              className="csx-Activity-more"
              disabled={isLoading}
              onClick={() => void this.model.loadMore()}
            >
              {trans.__('Show older')}
            </button>
          )}
        </div>
      </>
    );
  }

  private renderDay(day: IDay): React.JSX.Element {
    const { trans } = this.options;
    return (
      <section key={day.key} aria-label={dayName(day.date, new Date(), trans)}>
        <h3 className="csx-Activity-day">
          {dayName(day.date, new Date(), trans)}
        </h3>
        <ul className="csx-Activity-entries">
          {day.entries.map(entry => (
            <li key={entry.id}>{this.renderEntry(entry)}</li>
          ))}
        </ul>
      </section>
    );
  }

  private renderEntry(entry: IActivityEntry): React.JSX.Element {
    const { trans, open } = this.options;
    const { entries, newSince, username } = this.model;
    const path = presentPath(entry, entries);
    const isFresh = isNew(entry, newSince, username);
    return (
      <button
        type="button"
        className={classes(
          'csx-Activity-entry',
          isFresh ? 'csx-mod-new' : '',
          path === null ? 'csx-mod-gone' : ''
        )}
        aria-disabled={path === null}
        title={path ?? (entry.path || undefined)}
        onClick={() => {
          if (path !== null) {
            open(path, entry.is_dir);
          }
        }}
      >
        {this.renderFace(entry)}
        <span className="csx-Activity-text">
          <span className="csx-Activity-what">
            <strong>{whoDid(entry, username, trans)}</strong>
            {entry.username === null ? ': ' : ' '}
            {whatWasDone(entry, trans)}
          </span>
          <span className="csx-Activity-where">
            {isFresh && (
              <span className="csx-Activity-new">{trans.__('New')}</span>
            )}
            <time dateTime={new Date(entry.last_time * 1000).toISOString()}>
              {timeOf(entry.last_time)}
            </time>
            {entry.path !== '' && ` · ${folderOf(entry.path, trans)}`}
          </span>
        </span>
      </button>
    );
  }

  private renderFace(entry: IActivityEntry): React.JSX.Element {
    if (entry.username === null) {
      const icon = entry.is_dir || entry.path === '' ? folderIcon : fileIcon;
      return <icon.react tag="span" className="csx-Activity-disk" />;
    }
    const name = entry.name ?? entry.username;
    const user = this.options.userOf(entry.username) ?? {
      username: entry.username,
      display_name: name,
      initials: initialsOf(name),
      color: null,
      avatar_url: null
    };
    return <Avatar user={user} />;
  }

  private onChange(): void {
    this.showBadge();
    this.lookLater();
  }

  /** Count what is in view as seen, once somebody had the time to see it. */
  private readonly lookLater = (): void => {
    clearTimeout(this.timer);
    if (this.isInView && this.model.unseen > 0) {
      this.timer = setTimeout(() => {
        if (this.isInView) {
          void this.model.markSeen();
        }
      }, SEEN_AFTER_MS);
    }
  };

  private get isInView(): boolean {
    return this.isVisible && document.visibilityState === 'visible';
  }

  private timer: ReturnType<typeof setTimeout> | undefined;
}

/** Let the arrow keys, Home and End go through the entries. */
function moveFocus(event: React.KeyboardEvent<HTMLElement>): void {
  const items = Array.from(
    event.currentTarget.querySelectorAll<HTMLElement>('button')
  );
  const present = items.findIndex(item => item === document.activeElement);
  const targets: Record<string, number> = {
    ArrowDown: Math.min(present + 1, items.length - 1),
    ArrowUp: Math.max(present - 1, 0),
    Home: 0,
    End: items.length - 1
  };
  if (event.key in targets && items.length > 0) {
    event.preventDefault();
    items[targets[event.key]].focus();
  }
}
