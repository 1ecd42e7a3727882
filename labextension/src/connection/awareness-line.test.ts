import * as decoding from 'lib0/decoding';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  applyAwarenessUpdate,
  Awareness,
  encodeAwarenessUpdate
} from 'y-protocols/awareness';
import * as Y from 'yjs';

import { AwarenessLine } from './awareness-line';
import { sendAwareness } from './protocol';

class TestSocket {
  binaryType = '';
  readyState = 1;
  sent: Uint8Array[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  send(data: Uint8Array): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }
}

const signal = { connect: () => true, disconnect: () => true };
const user = {
  ready: Promise.resolve(),
  identity: { username: 'ada' },
  userChanged: signal
};
const page = {
  addEventListener: () => undefined,
  removeEventListener: () => undefined
};

let sockets: TestSocket[];
let states: Awareness;
let line: AwarenessLine;
let told: boolean[];

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  told = [];
  states = new Awareness(new Y.Doc());
  line = new AwarenessLine(
    states,
    user as never,
    () => {
      const socket = new TestSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    page as unknown as Window,
    isOnline => told.push(isOnline)
  );
});

afterEach(() => {
  line.dispose();
  states.destroy();
  vi.useRealTimers();
});

/** The clients that a frame tells of. */
function clientsOf(frame: Uint8Array): number[] {
  const decoder = decoding.createDecoder(frame);
  decoding.readVarUint(decoder);
  const update = decoding.createDecoder(decoding.readVarUint8Array(decoder));
  return Array.from({ length: decoding.readVarUint(update) }, () => {
    const client = decoding.readVarUint(update);
    decoding.readVarUint(update);
    decoding.readVarString(update);
    return client;
  });
}

function stateOf(name: string): Awareness {
  const other = new Awareness(new Y.Doc());
  other.setLocalState({ user: { username: name } });
  return other;
}

function hear(socket: TestSocket, other: Awareness): void {
  const update = encodeAwarenessUpdate(other, [other.clientID]);
  const data = sendAwareness(update).slice().buffer;
  socket.onmessage?.({ data });
}

describe('AwarenessLine', () => {
  it('tells its own state once a batch, and never somebody else’s', async () => {
    const [socket] = sockets;
    socket.onopen?.();
    await vi.advanceTimersByTimeAsync(50);
    socket.sent = [];

    const bob = stateOf('bob');
    hear(socket, bob);
    states.setLocalStateField('file', 'a.py');
    states.setLocalStateField('line', 3);
    await vi.advanceTimersByTimeAsync(50);

    expect(states.getStates().get(bob.clientID)).toMatchObject({
      user: { username: 'bob' }
    });
    expect(socket.sent.map(clientsOf)).toEqual([[states.clientID]]);
    const seen = new Awareness(new Y.Doc());
    const decoder = decoding.createDecoder(socket.sent[0]);
    decoding.readVarUint(decoder);
    applyAwarenessUpdate(seen, decoding.readVarUint8Array(decoder), null);
    expect(seen.getStates().get(states.clientID)).toMatchObject({
      user: { username: 'ada' },
      file: 'a.py',
      line: 3
    });
    bob.destroy();
    seen.destroy();
  });

  it('comes back with its state, and forgets the others meanwhile', async () => {
    const [socket] = sockets;
    socket.onopen?.();
    const bob = stateOf('bob');
    hear(socket, bob);
    socket.onclose?.({ code: 1006, reason: '' });
    expect(told).toEqual([true, false]);
    expect(states.getStates().has(bob.clientID)).toBe(false);
    expect(states.getLocalState()).not.toBeNull();

    await vi.advanceTimersByTimeAsync(2_000);
    sockets[1].onopen?.();
    expect(told).toEqual([true, false, true]);
    expect(sockets[1].sent.map(clientsOf)).toEqual([[states.clientID]]);
    bob.destroy();
  });

  it('says goodbye and stays away', async () => {
    const [socket] = sockets;
    socket.onopen?.();
    line.dispose();
    expect(states.getLocalState()).toBeNull();
    expect(clientsOf(socket.sent[socket.sent.length - 1])).toEqual([
      states.clientID
    ]);
    socket.onclose?.({ code: 1000, reason: '' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
  });
});
