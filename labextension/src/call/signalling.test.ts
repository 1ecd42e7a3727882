import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ServerMessage } from './protocol';
import {
  ANSWER_WITHIN_MS,
  IEnding,
  ISocket,
  readEnding,
  Signalling
} from './signalling';

const TICKET = {
  version: 1,
  project: 'project',
  room: 'main',
  token: 'secret'
};

class StandIn implements ISocket {
  onopen: ISocket['onopen'] = null;
  onmessage: ISocket['onmessage'] = null;
  onclose: ISocket['onclose'] = null;
  sent: unknown[] = [];
  closed: (number | undefined)[] = [];

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.closed.push(code);
  }

  say(message: unknown): void {
    const data = JSON.stringify(message);
    this.onmessage?.({ data } as MessageEvent);
  }
}

let socket: StandIn;
let heard: ServerMessage[];
let endings: IEnding[];
let signalling: Signalling;

const WELCOME = {
  type: 'welcome',
  member_id: 'm1',
  session: 'm1.x',
  is_resumed: false,
  publishing: 0
};

beforeEach(() => {
  vi.useFakeTimers();
  heard = [];
  endings = [];
  signalling = new Signalling({
    onMessage: message => heard.push(message),
    onClosed: ending => endings.push(ending)
  });
  socket = enter();
  heard.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

/** Join over a new socket. */
function enter(): StandIn {
  const another = new StandIn();
  signalling.attach(another, { ...TICKET, ice_servers: [{ urls: 'turn:x' }] });
  another.onopen?.({} as Event);
  another.say(WELCOME);
  return another;
}

describe('Signalling', () => {
  it('joins as soon as it can, and keeps what is for the media', () => {
    expect(socket.sent).toEqual([{ ...TICKET, type: 'join' }]);
    const iceServers = [{ urls: 'turn:x' }];
    expect(signalling.configuration).toEqual({ iceServers });
  });

  it('comes back with its session', async () => {
    const asked = expect(
      signalling.ask({ type: 'mute_all' })
    ).rejects.toMatchObject({ code: 'connection_lost' });
    socket.onclose?.({ reason: '' } as CloseEvent);
    await asked;
    expect(endings).toHaveLength(1);
    expect(signalling.isOpen).toBe(false);
    const again = enter();
    expect(again.sent).toEqual([{ ...TICKET, type: 'join', session: 'm1.x' }]);
    void signalling.ask({ type: 'mute_all' });
    expect(again.sent).toHaveLength(2);
  });

  it('waits for the welcome before it says anything', async () => {
    const another = new StandIn();
    signalling.attach(another, TICKET);
    signalling.tell({ type: 'mute_all' });
    const asked = signalling.ask({ type: 'mute_all' });
    await expect(asked).rejects.toMatchObject({ code: 'connection_lost' });
    expect(another.sent).toEqual([]);
  });

  it('gives a line up that no answer comes over', async () => {
    const asked = expect(
      signalling.ask({ type: 'mute_all' })
    ).rejects.toMatchObject({ code: 'connection_lost' });
    vi.advanceTimersByTime(ANSWER_WITHIN_MS);
    await asked;
    // No goodbye: the session goes on.
    expect(socket.closed).toEqual([undefined]);
    expect(endings).toHaveLength(1);
  });

  it('gives each question its own answer', async () => {
    const first = signalling.ask({ type: 'mute_all' });
    const second = signalling.ask({ type: 'raise_hand', is_raised: true });
    const refused = expect(first).rejects.toMatchObject({ code: 'refused' });
    socket.say({ type: 'done', id: 2 });
    socket.say({ type: 'error', id: 1, code: 'refused', message: 'No.' });
    await expect(second).resolves.toEqual({ type: 'done', id: 2 });
    await refused;
    expect(heard).toEqual([]);
  });

  it('passes on what happens, and not what it does not know', () => {
    socket.say({ type: 'person_left', member_id: 'm1' });
    socket.say({ type: 'dance' });
    expect(heard).toEqual([{ type: 'person_left', member_id: 'm1' }]);
  });

  it('leaves nobody waiting when it ends', async () => {
    const asked = signalling.ask({ type: 'mute_all' });
    socket.onclose?.({ reason: 'calls_unavailable' } as CloseEvent);
    await expect(asked).rejects.toMatchObject({ code: 'connection_lost' });
    expect(endings).toEqual([{ code: 'calls_unavailable', message: '' }]);
  });

  it('says goodbye when it ends, and comes back as somebody new', () => {
    signalling.close();
    expect(socket.sent).toContainEqual({ type: 'leave' });
    expect(socket.closed).toEqual([1000]);
    expect(socket.onclose).toBeNull();
    expect(enter().sent).toEqual([{ ...TICKET, type: 'join' }]);
  });
});

describe('readEnding', () => {
  it.each([
    ['{"code":"removed","message":"Out."}', 'removed', 'Out.'],
    ['{"code":"room_locked"}', 'room_locked', ''],
    ['{"code":7}', '', ''],
    ['refused', 'refused', ''],
    ['', '', '']
  ])('%s', (reason, code, message) => {
    expect(readEnding(reason)).toEqual({ code, message });
  });
});
