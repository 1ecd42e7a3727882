import { InputDialog, ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { Panel, Widget } from '@lumino/widgets';
import * as React from 'react';

import { TypeAhead } from '../type-ahead';
import { createChannel, IChannel, IHit, searchMessages } from './api';
import { Channels, IMove } from './channels';
import { readExtras } from './code-link';
import { messageExcerpt } from './decorations';
import { acceptFiles } from './files';
import { Header, IHeaderModel } from './header';
import { chatIcon } from './icons';
import { NoticeLevel } from './notices';
import { IRoom, Rooms } from './rooms';
import { IChatModel } from './stock';
import { toast, toastError } from './toast';

const READ_DELAY_MS = 500;
const FLASH_MS = 2500;
const FIND_TRIES = 20;
const FIND_DELAY_MS = 100;

export interface IChatPanelOptions {
  channels: Channels;
  rooms: Rooms;
  trans: TranslationBundle;
  noticeLevel: () => NoticeLevel;
  cycleNotices: () => void;
  /** Called when the open channel changed. */
  onOpened: (path: string) => void;
}

/** Channels on top, below them jupyterlab-chat's own widget for the open one. */
export class ChatPanel extends Panel implements IHeaderModel {
  constructor(private readonly _options: IChatPanelOptions) {
    super();
    const { trans, channels } = _options;
    this.id = 'codesyncx-chat';
    this.addClass('csx-chat-panel');
    this.title.icon = chatIcon;
    this._typeAhead = new TypeAhead(this.node);
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Project chat'));
    const header = ReactWidget.create(<Header model={this} trans={trans} />);
    header.addClass('csx-chat-top');
    this._reply = ReactWidget.create(<ReplyBar panel={this} trans={trans} />);
    this._reply.addClass('csx-chat-bottom');
    this._body.addClass('csx-chat-body');
    [header, this._body, this._reply].forEach(widget => this.addWidget(widget));
    channels.changed.connect(() => this._onChannels());
    channels.moved.connect((_, move) => this._onMove(move));
    document.addEventListener('visibilitychange', this._look);
    window.addEventListener('focus', this._look);
    this._onChannels();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get channels(): readonly IChannel[] {
    return this._options.channels.all;
  }

  get current(): string | null {
    return this._room?.path ?? this._opening;
  }

  get model(): IChatModel | null {
    return this._room?.model ?? null;
  }

  get noticeLevel(): NoticeLevel {
    return this._options.noticeLevel();
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    document.removeEventListener('visibilitychange', this._look);
    window.removeEventListener('focus', this._look);
    this._room?.dispose();
    super.dispose();
  }

  /** Look anew: a setting changed. */
  refresh(): void {
    this._changed.emit();
  }

  cycleNotices(): void {
    this._options.cycleNotices();
  }

  search(query: string): Promise<IHit[]> {
    return searchMessages(query);
  }

  open(path: string, messageId?: string): void {
    this.openChannel(path)
      .then(model => {
        if (messageId && model) {
          this.showMessage(model, messageId);
        }
      })
      .catch((error: unknown) => toastError(error));
  }

  /** Open a channel afresh if it is the current one: its copy can't go on. */
  reopen(path: string): void {
    if (this._room?.path === path) {
      this._leave();
      this.open(path);
    }
  }

  create(): void {
    this._create().catch((error: unknown) => toastError(error));
  }

  /** Open a channel; resolves to its model, or null when another was opened meanwhile. */
  async openChannel(path: string): Promise<IChatModel | null> {
    if (this._room?.path === path) {
      return this._room.model;
    }
    if (this._opening === path && this._entering) {
      return this._entering;
    }
    this._leave();
    this._opening = path;
    this._entering = this._openRoom(path);
    this._changed.emit();
    return this._entering;
  }

  private async _openRoom(path: string): Promise<IChatModel | null> {
    try {
      const known = this._options.channels.find(path);
      const room = await this._options.rooms.open(
        path,
        known?.exists === false
      );
      // Another channel may have been chosen while this one was loading.
      if (this._opening !== path || this.isDisposed) {
        room.dispose();
        return null;
      }
      this._enter(room);
      return room.model;
    } finally {
      if (this._opening === path) {
        this._opening = null;
      }
      this._changed.emit();
    }
  }

  /** Open the channel used last, or the first. */
  async openDefault(preferred?: string): Promise<IChatModel | null> {
    if (this._room) {
      return this._room.model;
    }
    if (!this.channels.length) {
      await this._options.channels.refresh();
    }
    const path =
      this.channels.find(channel => channel.path === preferred)?.path ??
      this.channels[0]?.path;
    return path ? this.openChannel(path) : null;
  }

  /** Scroll to a message and let it light up. */
  showMessage(model: IChatModel, messageId: string, tries = FIND_TRIES): void {
    const index = model.messages.findIndex(each => each.id === messageId);
    const node = this._room?.widget.node.querySelector(
      `[data-index="${index}"]`
    );
    if (!node || index === -1) {
      if (tries > 0) {
        window.setTimeout(
          () => this.showMessage(model, messageId, tries - 1),
          FIND_DELAY_MS
        );
      }
      return;
    }
    node.scrollIntoView({ block: 'center' });
    node.classList.add('csx-mod-found');
    window.setTimeout(() => node.classList.remove('csx-mod-found'), FLASH_MS);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._look();
    if (!this._room && !this._opening) {
      this.openDefault().catch((error: unknown) => toastError(error));
    }
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    if (this._room) {
      this._room.model.input.focus();
    } else {
      this._typeAhead.begin();
    }
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._look();
  }

  private async _create(): Promise<void> {
    const { trans, channels } = this._options;
    const result = await InputDialog.getText({
      title: trans.__('New channel'),
      label: trans.__('Name'),
      placeholder: trans.__('for example: release plan'),
      okLabel: trans.__('Create')
    });
    const name = result.value?.trim();
    if (!result.button.accept || !name) {
      return;
    }
    const { path } = await createChannel(name);
    await channels.refresh();
    await this.openChannel(path);
  }

  private _enter(room: IRoom): void {
    this._room = room;
    this._options.channels.opened = room.path;
    this._body.addWidget(room.widget);
    acceptFiles(room, this._options.trans);
    room.model.messagesUpdated.connect(() => this._onMessages());
    room.model.input.metadataChanged?.connect(() => this._changed.emit());
    this._options.onOpened(room.path);
    this._look();
  }

  private _leave(): void {
    if (this._readTimer) {
      this._markRead();
    }
    this._options.channels.watched = null;
    this._options.channels.opened = null;
    this._room?.dispose();
    this._room = null;
  }

  private _onMove(move: IMove): void {
    const room = this._room;
    if (!room || room.path !== move.from) {
      return;
    }
    if (move.to === null) {
      toast('info', this._options.trans.__('The channel was deleted.'));
      this._leave();
      this._options.channels
        .refresh()
        .then(() => (this.isVisible ? this.openDefault() : null))
        .catch(toastError);
      return;
    }
    room.path = move.to;
    this._options.channels.opened = move.to;
    room.model.name = move.to;
    this._look();
    this._changed.emit();
  }

  private _onChannels(): void {
    const { trans, channels } = this._options;
    const { unread } = channels;
    this.title.caption = unread
      ? trans._n('Chat (%1 unread)', 'Chat (%1 unread)', unread)
      : trans.__('Chat');
    this.title.className = unread
      ? 'csx-chat-tab csx-mod-unread'
      : 'csx-chat-tab';
    this.title.dataset = unread
      ? { 'csx-unread': unread > 99 ? '99+' : unread.toString() }
      : {};
    this._changed.emit();
  }

  private _onMessages(): void {
    window.clearTimeout(this._readTimer);
    this._readTimer = window.setTimeout(this._markRead, READ_DELAY_MS);
  }

  /** Note whether the open channel is in front of the person. */
  private readonly _look = (): void => {
    const isSeen = this.isVisible && document.visibilityState === 'visible';
    if (!isSeen && this._readTimer) {
      // What came a moment ago was seen, however short.
      this._markRead();
    }
    this._options.channels.watched = isSeen ? (this._room?.path ?? null) : null;
    if (isSeen && this._room) {
      this._onMessages();
    }
  };

  private readonly _markRead = (): void => {
    window.clearTimeout(this._readTimer);
    this._readTimer = 0;
    const room = this._room;
    if (!room || this._options.channels.watched !== room.path) {
      return;
    }
    const time = room.model.messages.reduce(
      (latest, message) => Math.max(latest, message.time),
      0
    );
    if (time > 0) {
      this._options.channels
        .read(room.path, time)
        .catch((error: unknown) =>
          console.warn('What was read could not be kept.', error)
        );
    }
  };

  private readonly _body = new Panel();
  private readonly _reply: Widget;
  private readonly _typeAhead: TypeAhead;
  private _room: IRoom | null = null;
  private _opening: string | null = null;
  private _entering: Promise<IChatModel | null> | null = null;
  private _readTimer = 0;
  private readonly _changed = new Signal<this, void>(this);
}

/** Says which message the next one answers. */
function ReplyBar(props: {
  panel: ChatPanel;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { panel, trans } = props;
  const [, look] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    panel.changed.connect(look);
    return () => void panel.changed.disconnect(look);
  }, [panel]);
  const { model } = panel;
  const { replyTo } = readExtras(model?.input.getMetadata());
  const parent = model?.messages.find(message => message.id === replyTo);
  if (!model || !parent) {
    return null;
  }
  return (
    <div className="csx-chat-reply" role="status">
      <span>
        {trans.__('Replying to')} {messageExcerpt(parent)}
      </span>
      <button
        type="button"
        aria-label={trans.__('Don’t reply')}
        title={trans.__('Don’t reply')}
        onClick={() => {
          model.input.clearMetadata();
          model.input.focus();
        }}
      >
        ✕
      </button>
    </div>
  );
}
