import { JSONValue } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { IChannel } from './api';

/** A new message somewhere in the project, as the server tells it. */
export interface IMessageNotice {
  path: string;
  channel: string;
  message_id: string;

  /** How many messages the channel has with this one. */
  number: number;

  sender: string;
  sender_name: string;
  excerpt: string;
  mentions: string[];
}

/** An event of the server's stream. */
export interface IEvent {
  readonly type: string;
  readonly [fact: string]: JSONValue | undefined;
}

export interface IChannelsOptions {
  /** Who is looking. */
  username: () => string;

  /** Asks the server for all channels. */
  load: () => Promise<IChannel[]>;

  /** Tells the server that a channel was read until now. */
  mark: (path: string) => Promise<IChannel>;

  /** Runs something soon; a stand-in serves in tests. */
  later?: (run: () => void, delayMs: number) => void;
}

/** A channel's file was renamed, or deleted. */
export interface IMove {
  from: string;
  to: string | null;
}

const REFRESH_DELAY_MS = 300;

// A changed chat file is a saved one; what was said in it has been told already.
const MOVES = new Set(['file.created', 'file.renamed', 'file.deleted']);

/** The channels of the project with what one hasn't read, kept up to date. No DOM. */
export class Channels {
  constructor(private readonly _options: IChannelsOptions) {}

  /** The list or a count changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Somebody else wrote something that isn't on the screen. */
  get noticed(): ISignal<this, IMessageNotice> {
    return this._noticed;
  }

  /** A channel is elsewhere now, or gone. */
  get moved(): ISignal<this, IMove> {
    return this._moved;
  }

  get all(): readonly IChannel[] {
    return this._channels;
  }

  get unread(): number {
    return this._channels.reduce((sum, channel) => sum + channel.unread, 0);
  }

  get mentions(): number {
    return this._channels.reduce((sum, channel) => sum + channel.mentions, 0);
  }

  /** The path of the channel that is open, on the screen or not. */
  opened: string | null = null;

  /** The path of the channel whose messages are on the screen now, if any. */
  get watched(): string | null {
    return this._watched;
  }
  set watched(path: string | null) {
    this._watched = path;
    if (path !== null && this.find(path)?.unread) {
      this._update(path, { unread: 0, mentions: 0 });
    }
  }

  find(path: string): IChannel | undefined {
    return this._channels.find(channel => channel.path === path);
  }

  async refresh(): Promise<void> {
    const turn = ++this._asked;
    const channels = await this._options.load();
    if (turn < this._answered) {
      return;
    }
    this._answered = turn;
    if (channels.some(({ path, messages }) => messages < this._count(path))) {
      // A message was told while this list was on its way.
      this._refreshSoon();
    }
    this._channels = channels.map(channel =>
      channel.path === this._watched
        ? { ...channel, unread: 0, mentions: 0 }
        : channel
    );
    this._changed.emit();
  }

  /** The channel was read; its newest message is of `time` (seconds). */
  async read(path: string, time: number): Promise<void> {
    this._update(path, { unread: 0, mentions: 0 });
    const known = this.find(path);
    if (known && time <= known.read_until) {
      return;
    }
    const { read_until } = await this._options.mark(path);
    this._update(path, { read_until: Math.max(read_until, time) });
  }

  /** Take in what the server tells. */
  receive(event: IEvent): void {
    if (event.type === 'chat.message') {
      this._receiveMessage(event as unknown as IMessageNotice);
    } else if (
      event.type === 'chat.channel_created' ||
      event.type === 'chat.read' ||
      event.type === 'file.batch'
    ) {
      this._refreshSoon();
    } else if (MOVES.has(event.type)) {
      this._receiveMove(event);
    }
  }

  private _receiveMove(event: IEvent): void {
    const to = textOf(event.path);
    const from = event.type === 'file.renamed' ? textOf(event.old_path) : to;
    const known = new Set(this._channels.map(channel => channel.path));
    if (this.opened !== null) {
      // A list that came before this event may not have it any more.
      known.add(this.opened);
    }
    const hit = [...known].filter(path => isWithin(path, from));
    for (const path of hit) {
      if (event.type === 'file.renamed') {
        this._moved.emit({ from: path, to: to + path.slice(from.length) });
      } else if (event.type === 'file.deleted') {
        this._moved.emit({ from: path, to: null });
      }
    }
    if (hit.length || to.endsWith('.chat')) {
      this._refreshSoon();
    }
  }

  private _receiveMessage(notice: IMessageNotice): void {
    const username = this._options.username();
    if (notice.sender === username) {
      return;
    }
    if (notice.path !== this._watched) {
      this._countMessage(notice, notice.mentions.includes(username));
    }
    this._noticed.emit(notice);
  }

  private _countMessage(notice: IMessageNotice, isMentioned: boolean): void {
    const channel = this.find(notice.path);
    // What a list has counted already may be told after it.
    if (channel && notice.number > channel.messages) {
      this._update(notice.path, {
        unread: channel.unread + 1,
        mentions: channel.mentions + (isMentioned ? 1 : 0),
        messages: notice.number
      });
    } else {
      this._refreshSoon();
    }
  }

  private _count(path: string): number {
    return this.find(path)?.messages ?? 0;
  }

  private _update(path: string, patch: Partial<IChannel>): void {
    this._channels = this._channels.map(channel =>
      channel.path === path ? { ...channel, ...patch } : channel
    );
    this._changed.emit();
  }

  private _refreshSoon(): void {
    if (this._isWaiting) {
      return;
    }
    this._isWaiting = true;
    const later =
      this._options.later ??
      ((run, delayMs) => void window.setTimeout(run, delayMs));
    later(() => {
      this._isWaiting = false;
      this.refresh().catch((error: unknown) => {
        console.warn('The chat channels could not be listed.', error);
      });
    }, REFRESH_DELAY_MS);
  }

  private _channels: readonly IChannel[] = [];
  private _watched: string | null = null;
  private _isWaiting = false;
  private _asked = 0;
  private _answered = 0;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _moved = new Signal<this, IMove>(this);
  private readonly _noticed = new Signal<this, IMessageNotice>(this);
}

function textOf(value: JSONValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || (folder !== '' && path.startsWith(`${folder}/`));
}
