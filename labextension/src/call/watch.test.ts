import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { PATIENCE_MS, Watch, Watched } from './watch';

class StandIn implements Watched {
  connectionState: RTCPeerConnectionState = 'new';
  onconnectionstatechange: Watched['onconnectionstatechange'] = null;

  become(...states: RTCPeerConnectionState[]): void {
    for (const state of states) {
      this.connectionState = state;
      this.onconnectionstatechange?.call(
        this as unknown as RTCPeerConnection,
        {} as Event
      );
    }
  }
}

let connection: StandIn;
let broken: number;
let watch: Watch;

beforeEach(() => {
  vi.useFakeTimers();
  connection = new StandIn();
  broken = 0;
  watch = new Watch(connection, () => broken++);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('Watch', () => {
  it('tells at once of a connection that failed, and only once', () => {
    connection.become('connecting', 'failed', 'failed');
    expect(broken).toBe(1);
  });

  it('waits for one that comes back by itself', () => {
    connection.become('connected', 'disconnected');
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    connection.become('connected');
    vi.advanceTimersByTime(10 * PATIENCE_MS);
    expect(broken).toBe(0);
  });

  it('does not wait for ever', () => {
    connection.become('connected', 'disconnected');
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(broken).toBe(1);
  });

  it.each<[RTCPeerConnectionState, number]>([
    ['disconnected', 1],
    ['connected', 0],
    ['connecting', 0]
  ])('has no patience on a new network: %s', (state, times) => {
    connection.become(state);
    watch.hurry();
    expect(broken).toBe(times);
  });

  it('says nothing when it was stopped', () => {
    connection.become('disconnected');
    watch.stop();
    connection.become('failed');
    vi.advanceTimersByTime(10 * PATIENCE_MS);
    expect(broken).toBe(0);
  });
});
