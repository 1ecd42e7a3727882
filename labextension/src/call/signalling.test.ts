import { beforeEach, describe, expect, it } from 'vitest';

import { ServerMessage } from './protocol';
import { IEnding, ISocket, readEnding, Signalling } from './signalling';

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
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
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

beforeEach(() => {
  socket = new StandIn();
  heard = [];
  endings = [];
  signalling = new Signalling({
    socket,
    ticket: TICKET,
    onMessage: message => heard.push(message),
    onClosed: ending => endings.push(ending)
  });
});

describe('Signalling', () => {
  it('joins as soon as it can', () => {
    socket.onopen?.({} as Event);
    expect(socket.sent).toEqual([{ ...TICKET, type: 'join' }]);
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

  it('says nothing of an end that was wanted', () => {
    signalling.close();
    expect(socket.isClosed).toBe(true);
    expect(socket.onclose).toBeNull();
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
