import { beforeEach, describe, expect, it, vi } from 'vitest';

import { IChannel } from './api';
import { Channels, IMessageNotice, IMove } from './channels';
import { isWorthTelling } from './notices';

function channel(path: string, patch: Partial<IChannel> = {}): IChannel {
  return {
    path,
    name: path,
    channel_id: path,
    exists: true,
    unread: 0,
    mentions: 0,
    read_until: 0,
    messages: 0,
    ...patch
  };
}

function message(patch: Partial<IMessageNotice> = {}): IMessageNotice {
  return {
    path: 'b.chat',
    channel: 'b',
    message_id: 'm',
    number: 1,
    sender: 'bob',
    sender_name: 'Bob',
    excerpt: 'hi',
    mentions: [],
    ...patch
  };
}

function event(notice: IMessageNotice) {
  return { type: 'chat.message', ...notice };
}

describe('the channels', () => {
  let onServer: IChannel[];
  let marked: string[];
  let waiting: (() => void)[];
  let channels: Channels;
  let noticed: IMessageNotice[];

  beforeEach(async () => {
    onServer = [
      channel('a.chat'),
      channel('b.chat', { unread: 2, mentions: 1 })
    ];
    marked = [];
    waiting = [];
    noticed = [];
    channels = new Channels({
      username: () => 'ann',
      load: () => Promise.resolve(onServer),
      mark: path => {
        marked.push(path);
        return Promise.resolve(channel(path, { read_until: 4.5 }));
      },
      later: run => waiting.push(run)
    });
    channels.noticed.connect((_, notice) => noticed.push(notice));
    await channels.refresh();
  });

  it('sum up what is unread', () => {
    expect([channels.unread, channels.mentions]).toEqual([2, 1]);
  });

  it('count what others write elsewhere, and not what one writes', () => {
    channels.receive(event(message()));
    channels.receive(event(message({ mentions: ['ann'], number: 2 })));
    channels.receive(event(message({ sender: 'ann', number: 3 })));
    expect([channels.unread, channels.mentions]).toEqual([4, 2]);
    expect(noticed).toHaveLength(2);
  });

  it('count a message once that the list has already', async () => {
    onServer = [channel('b.chat', { unread: 1, messages: 7 })];
    await channels.refresh();
    channels.receive(event(message({ number: 7 })));
    expect(channels.unread).toBe(1);
    channels.receive(event(message({ number: 8 })));
    expect(channels.unread).toBe(2);
  });

  it('look again when a message was told while the list was on its way', async () => {
    const older = channels.refresh();
    channels.receive(event(message()));
    await older;
    onServer = [channel('b.chat', { unread: 3, messages: 1 })];
    expect(waiting).toHaveLength(1);
    waiting[0]();
    await vi.waitFor(() => expect(channels.unread).toBe(3));
    expect(waiting).toHaveLength(1);
  });

  it('take no list that was asked for before the one they have', async () => {
    let answerLate: (list: IChannel[]) => void = () => undefined;
    const lists = [
      new Promise<IChannel[]>(resolve => (answerLate = resolve)),
      Promise.resolve([channel('new.chat')])
    ];
    const slow = new Channels({
      username: () => 'ann',
      load: () => lists.shift() ?? Promise.resolve([]),
      mark: path => Promise.resolve(channel(path))
    });
    const early = slow.refresh();
    await slow.refresh();
    answerLate([channel('old.chat')]);
    await early;
    expect(slow.all.map(each => each.path)).toEqual(['new.chat']);
  });

  it('count nothing in the channel on the screen, yet tell of it', async () => {
    channels.watched = 'b.chat';
    expect(channels.unread).toBe(0);
    channels.receive(event(message()));
    await channels.refresh();
    expect(channels.unread).toBe(0);
    expect(noticed).toHaveLength(1);
  });

  it('tell the server once how far one has read', async () => {
    await channels.read('b.chat', 5);
    await channels.read('b.chat', 5);
    await channels.read('b.chat', 4);
    expect(marked).toEqual(['b.chat']);
    expect(channels.unread).toBe(0);
  });

  it('look again, once, when another browser has read or a chat file moved', async () => {
    onServer = [channel('a.chat')];
    channels.receive({ type: 'chat.read', path: 'b.chat' });
    channels.receive({ type: 'file.renamed', path: 'c.chat', old_path: 'd' });
    channels.receive({ type: 'file.created', path: 'x.py' });
    channels.receive({ type: 'file.changed', path: 'a.chat' });
    expect(waiting).toHaveLength(1);
    waiting[0]();
    await Promise.resolve();
    await Promise.resolve();
    expect(channels.all.map(each => each.path)).toEqual(['a.chat']);
  });

  it('tell where a channel went, with its folder too', async () => {
    onServer = [channel('chats/a.chat'), channel('b.chat')];
    await channels.refresh();
    const moves: IMove[] = [];
    channels.moved.connect((_, move) => moves.push(move));
    channels.receive({ type: 'file.renamed', path: 'talk', old_path: 'chats' });
    channels.receive({ type: 'file.deleted', path: 'b.chat' });
    channels.receive({ type: 'file.deleted', path: 'chat' });
    expect(moves).toEqual([
      { from: 'chats/a.chat', to: 'talk/a.chat' },
      { from: 'b.chat', to: null }
    ]);
  });

  it('tell where the open channel went when a newer list has it no more', async () => {
    onServer = [channel('a.chat')];
    await channels.refresh();
    channels.opened = 'b.chat';
    const moves: IMove[] = [];
    channels.moved.connect((_, move) => moves.push(move));
    channels.receive({ type: 'file.deleted', path: 'b.chat' });
    expect(moves).toEqual([{ from: 'b.chat', to: null }]);
  });
});

describe('desktop notices', () => {
  it.each([
    ['off', ['ann'], false],
    ['mentions', [], false],
    ['mentions', ['ann'], true],
    ['all', [], true]
  ] as const)('at level %s with mentions %j: %s', (level, mentions, told) => {
    const notice = message({ mentions: [...mentions] });
    expect(isWorthTelling(notice, level, 'ann')).toBe(told);
    expect(isWorthTelling({ ...notice, sender: 'ann' }, level, 'ann')).toBe(
      false
    );
  });
});
