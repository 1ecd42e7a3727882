import { beforeEach, describe, expect, it } from 'vitest';

import { MediaWay } from './way';

class Memory implements Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  private readonly _items = new Map<string, string>();

  getItem(key: string): string | null {
    return this._items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this._items.set(key, value);
  }

  removeItem(key: string): void {
    this._items.delete(key);
  }
}

let storage: Storage;
let way: MediaWay;

beforeEach(() => {
  storage = new Memory() as unknown as Storage;
  way = new MediaWay(storage, () => true);
});

describe('the way of the media', () => {
  it('is UDP until that is out of reach, and a WebSocket from then on', () => {
    expect(way.now).toBe('udp');
    expect(way.leaveUdp()).toBe(true);
    expect(way.now).toBe('websocket');
    expect(way.leaveUdp()).toBe(false);
    expect(new MediaWay(storage, () => true).now).toBe('websocket');
  });

  it('is looked for again when I come into the next call', () => {
    way.lookAgain();
    expect(way.wasBlocked).toBe(false);
    way.leaveUdp();
    way.lookAgain();
    expect(way.now).toBe('udp');
    expect(way.wasBlocked).toBe(true);
  });

  it('is what the server says, when it says', () => {
    way.tell('websocket');
    expect(way.now).toBe('websocket');
    way.tell('udp');
    expect(way.leaveUdp()).toBe(false);
    expect(way.now).toBe('udp');
  });

  it('is closed for a browser that is too old, where UDP is out of reach', () => {
    const old = new MediaWay(storage, () => false);
    expect(old.isClosed).toBe(false);
    old.leaveUdp();
    expect(old.isClosed).toBe(true);
  });
});
