import { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, LabIcon } from '@jupyterlab/ui-components';
import { ISignal } from '@lumino/signaling';
import * as React from 'react';

import { IChannel, IHit } from './api';
import { bellIcon } from './icons';
import { NoticeLevel } from './notices';

const SEARCH_DELAY_MS = 250;

/** What the header shows and does; `changed` asks for another look. */
export interface IHeaderModel {
  readonly changed: ISignal<unknown, void>;
  readonly channels: readonly IChannel[];
  readonly current: string | null;
  readonly noticeLevel: NoticeLevel;
  open(path: string, messageId?: string): void;
  create(): void;
  search(query: string): Promise<IHit[]>;
  cycleNotices(): void;
}

interface IProps {
  model: IHeaderModel;
  trans: TranslationBundle;
}

/** Search, channels with what is unread, and the button for a new one. */
export function Header({ model, trans }: IProps): React.JSX.Element {
  const [, look] = React.useReducer((count: number) => count + 1, 0);
  const [query, setQuery] = React.useState('');
  const [hits, setHits] = React.useState<IHit[] | null>(null);
  const [problem, setProblem] = React.useState('');

  React.useEffect(() => {
    model.changed.connect(look);
    return () => void model.changed.disconnect(look);
  }, [model]);

  React.useEffect(() => {
    setProblem('');
    if (!query.trim()) {
      setHits(null);
      return;
    }
    let isCurrent = true;
    const timer = window.setTimeout(() => {
      model
        .search(query)
        .then(found => {
          if (isCurrent) {
            setHits(found);
          }
        })
        .catch((error: unknown) => {
          if (isCurrent) {
            setProblem(error instanceof Error ? error.message : String(error));
          }
        });
    }, SEARCH_DELAY_MS);
    return () => {
      isCurrent = false;
      window.clearTimeout(timer);
    };
  }, [query, model]);

  const levels: Record<NoticeLevel, string> = {
    off: trans.__('Desktop notifications are off'),
    mentions: trans.__('Desktop notifications for mentions'),
    all: trans.__('Desktop notifications for every message')
  };
  const level = levels[model.noticeLevel];
  return (
    <div className="csx-chat-header">
      <div className="csx-chat-tools">
        <input
          type="search"
          className="jp-mod-styled"
          value={query}
          placeholder={trans.__('Search messages')}
          aria-label={trans.__('Search messages')}
          onChange={event => setQuery(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Escape') {
              setQuery('');
            }
          }}
        />
        <IconButton
          icon={bellIcon}
          label={level}
          isOn={model.noticeLevel !== 'off'}
          onClick={() => model.cycleNotices()}
        />
        <IconButton
          icon={addIcon}
          label={trans.__('New channel')}
          onClick={() => model.create()}
        />
      </div>
      {problem && (
        <p className="csx-chat-problem" role="alert">
          {problem}
        </p>
      )}
      {hits ? (
        <Hits hits={hits} model={model} trans={trans} />
      ) : (
        <ChannelList model={model} trans={trans} />
      )}
    </div>
  );
}

function ChannelList({ model, trans }: IProps): React.JSX.Element {
  return (
    <nav
      className="csx-chat-channels"
      aria-label={trans.__('Channels')}
      onKeyDown={moveFocus}
    >
      {model.channels.map(channel => {
        const isCurrent = channel.path === model.current;
        const unread = trans._n(
          '%1 unread message',
          '%1 unread messages',
          channel.unread
        );
        return (
          <button
            key={channel.path}
            type="button"
            className="csx-chat-channel"
            title={channel.path}
            aria-current={isCurrent ? 'true' : undefined}
            onClick={() => model.open(channel.path)}
          >
            <span className="csx-chat-hash" aria-hidden="true">
              #
            </span>
            <span className="csx-chat-name">{channel.name}</span>
            {channel.unread > 0 && (
              <span
                className={`csx-chat-badge${channel.mentions ? ' csx-mod-mention' : ''}`}
                aria-label={unread}
                title={unread}
              >
                {channel.mentions ? '@' : ''}
                {channel.unread > 99 ? '99+' : channel.unread}
              </span>
            )}
          </button>
        );
      })}
    </nav>
  );
}

function Hits(props: IProps & { hits: IHit[] }): React.JSX.Element {
  const { hits, model, trans } = props;
  return (
    <div
      className="csx-chat-hits"
      role="region"
      aria-label={trans.__('Found messages')}
      onKeyDown={moveFocus}
    >
      <p role="status">
        {hits.length
          ? trans._n('%1 message found', '%1 messages found', hits.length)
          : trans.__('Nothing found')}
      </p>
      {hits.map(hit => (
        <button
          key={`${hit.path} ${hit.message_id}`}
          type="button"
          className="csx-chat-hit"
          onClick={() => model.open(hit.path, hit.message_id)}
        >
          <span className="csx-chat-hit-from">
            {hit.sender_name} · #{hit.channel} ·{' '}
            {new Date(hit.time * 1000).toLocaleString(undefined, {
              dateStyle: 'medium',
              timeStyle: 'short'
            })}
          </span>
          <span className="csx-chat-hit-text">{hit.excerpt}</span>
        </button>
      ))}
    </div>
  );
}

function IconButton(props: {
  icon: LabIcon;
  label: string;
  isOn?: boolean;
  onClick: () => void;
}): React.JSX.Element {
  return (
    <button
      type="button"
      className="csx-chat-tool"
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.isOn}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" />
    </button>
  );
}

/** Arrow keys move between the buttons of a list. */
function moveFocus(event: React.KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) {
    return;
  }
  const buttons = Array.from(event.currentTarget.querySelectorAll('button'));
  const index = buttons.findIndex(button => button === document.activeElement);
  const next = buttons[index + step] as HTMLButtonElement | undefined;
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
