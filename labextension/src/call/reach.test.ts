import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CHECKS_MS, Reach } from './reach';

class Connection {
  iceConnectionState: RTCIceConnectionState = 'new';
  connectionState: RTCPeerConnectionState = 'new';
  private _listener: () => void = () => undefined;

  addEventListener(_type: string, listener: () => void): void {
    this._listener = listener;
  }

  become(state: RTCIceConnectionState): void {
    this.iceConnectionState = state;
    this._listener();
  }
}

let blocked: number;
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  blocked = 0;
  connection = new Connection();
  new Reach(() => blocked++).watch(connection as unknown as RTCPeerConnection);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the reach of a server', () => {
  it('is judged when checks have found no way for a while', () => {
    connection.become('checking');
    vi.advanceTimersByTime(CHECKS_MS - 1);
    expect(blocked).toBe(0);
    vi.advanceTimersByTime(1);
    expect(blocked).toBe(1);
  });

  it('is judged at once when checks have failed', () => {
    connection.become('checking');
    connection.become('failed');
    vi.advanceTimersByTime(CHECKS_MS);
    expect(blocked).toBe(1);
  });

  it('is there once a connection found its way, whatever comes later', () => {
    connection.become('checking');
    connection.become('connected');
    connection.become('disconnected');
    connection.become('failed');
    vi.advanceTimersByTime(10 * CHECKS_MS);
    expect(blocked).toBe(0);
  });

  it('is not judged by a connection that was closed', () => {
    connection.become('checking');
    connection.connectionState = 'closed';
    vi.advanceTimersByTime(CHECKS_MS);
    expect(blocked).toBe(0);
  });
});
