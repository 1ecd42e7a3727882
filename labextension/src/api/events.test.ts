import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  backoff,
  EventStream,
  IServerEvent,
  ISocket,
  parseEvent
} from './events';

class FakeSocket implements ISocket {
  onopen: ISocket['onopen'] = null;
  onmessage: ISocket['onmessage'] = null;
  onclose: ISocket['onclose'] = null;
  isClosed = false;

  constructor(readonly query: Record<string, string>) {}

  close(): void {
    this.isClosed = true;
  }

  send(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }

  fail(): void {
    this.onclose?.({ code: 1006 } as CloseEvent);
  }
}

function begin() {
  const sockets: FakeSocket[] = [];
  const stream = new EventStream({
    connect: query => {
      const socket = new FakeSocket(query);
      sockets.push(socket);
      return socket;
    },
    random: () => 1
  });
  const heard: IServerEvent[] = [];
  const resets: number[] = [];
  stream.received.connect((_, event) => heard.push(event));
  stream.reset.connect(() => resets.push(1));
  return { stream, sockets, heard, resets };
}

describe('EventStream', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells each event once', () => {
    const { sockets, heard } = begin();
    sockets[0].send({ type: 'hello', seq: 4, stream: 's' });
    sockets[0].send({ type: 'file.created', seq: 5, path: 'a.py' });
    sockets[0].send({ type: 'file.created', seq: 5, path: 'a.py' });
    expect(heard.map(event => event.path)).toEqual(['a.py']);
  });

  it('hears all the pieces of an event', () => {
    const { sockets, heard } = begin();
    sockets[0].send({ type: 'hello', seq: 4, stream: 's' });
    sockets[0].send({ type: 'file.renamed', seq: 5, path: 'a.py' });
    sockets[0].send({
      type: 'file.renamed',
      seq: 5,
      path: 'a (part 2).py',
      continues: true
    });
    expect(heard.map(event => event.path)).toEqual(['a.py', 'a (part 2).py']);
  });

  it('has everything looked at anew that was looked at before it began', () => {
    const { sockets, resets } = begin();
    expect(resets).toEqual([]);
    sockets[0].send({ type: 'hello', seq: 4, stream: 's' });
    expect(resets).toEqual([1]);
  });

  it('asks for what it missed when it comes back', () => {
    const { stream, sockets, heard, resets } = begin();
    sockets[0].send({ type: 'hello', seq: 4, stream: 's' });
    sockets[0].send({ type: 'file.created', seq: 5, path: 'a.py' });
    sockets[0].fail();
    expect(stream.isConnected).toBe(false);
    vi.advanceTimersByTime(250);
    expect(sockets[1].query).toEqual({ since: '5', stream: 's' });
    sockets[1].send({ type: 'hello', seq: 7, stream: 's' });
    sockets[1].send({ type: 'file.created', seq: 6, path: 'b.py' });
    sockets[1].send({ type: 'file.created', seq: 7, path: 'c.py' });
    expect(heard.map(event => event.path)).toEqual(['a.py', 'b.py', 'c.py']);
    expect(resets).toEqual([1]);
    expect(stream.isConnected).toBe(true);
  });

  it('says so when what it missed is gone, as after a restart of the server', () => {
    const { sockets, heard, resets } = begin();
    sockets[0].send({ type: 'hello', seq: 40, stream: 's' });
    sockets[0].fail();
    vi.advanceTimersByTime(250);
    sockets[1].send({ type: 'reset', seq: 2, stream: 't' });
    sockets[1].send({ type: 'file.deleted', seq: 3, path: 'a.py' });
    expect(resets).toEqual([1, 1]);
    expect(heard.map(event => event.seq)).toEqual([3]);
  });

  it('waits longer after each failure, and not at all when woken', () => {
    const { stream, sockets } = begin();
    sockets[0].fail();
    vi.advanceTimersByTime(250);
    sockets[1].fail();
    vi.advanceTimersByTime(499);
    expect(sockets).toHaveLength(2);
    stream.wake();
    expect(sockets).toHaveLength(3);
    vi.advanceTimersByTime(5000);
    expect(sockets).toHaveLength(3);
  });

  it('stays silent once disposed', () => {
    const { stream, sockets } = begin();
    stream.dispose();
    expect(sockets[0].isClosed).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
  });
});

describe('backoff', () => {
  it('doubles up to a quarter of a minute, half of it by chance', () => {
    expect(backoff(0, 0)).toBe(125);
    expect(backoff(3, 1)).toBe(2000);
    expect(backoff(50, 1)).toBe(15_000);
  });
});

describe('parseEvent', () => {
  it.each(['', '[', '1', 'null', '{}', '{"type":"x"}', '{"type":1,"seq":1}'])(
    'refuses %j',
    text => {
      expect(parseEvent(text)).toBeNull();
    }
  );
});
