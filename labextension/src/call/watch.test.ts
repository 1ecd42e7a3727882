import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { PATIENCE_MS, PROOF_MS, Watch, Watched } from './watch';

class StandIn implements Watched {
  connectionState: RTCPeerConnectionState = 'new';
  onconnectionstatechange: Watched['onconnectionstatechange'] = null;
  bytes = 1000;

  getStats(): Promise<RTCStatsReport> {
    const transport = { type: 'transport', bytesReceived: this.bytes };
    const reports = new Map<string, unknown>([
      ['transport', transport],
      ['pair', { type: 'candidate-pair', bytesReceived: Date.now() }]
    ]);
    return Promise.resolve(reports);
  }

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

  it.each([
    ['nothing comes any more', 0, 1],
    ['media goes on', 500, 0]
  ])('looks on a new network whether %s', async (_, more, times) => {
    connection.become('connected');
    watch.hurry();
    await vi.advanceTimersByTimeAsync(PROOF_MS / 2);
    connection.bytes += more;
    await vi.advanceTimersByTimeAsync(PROOF_MS);
    expect(broken).toBe(times);
  });

  it('tells once, however often it is hurried', async () => {
    connection.become('connected');
    watch.hurry();
    watch.hurry();
    await vi.advanceTimersByTimeAsync(2 * PROOF_MS);
    expect(broken).toBe(1);
  });

  it('proves nothing once it was stopped', async () => {
    connection.become('connected');
    watch.hurry();
    watch.stop();
    await vi.advanceTimersByTimeAsync(2 * PROOF_MS);
    expect(broken).toBe(0);
  });

  it('says nothing when it was stopped', () => {
    connection.become('disconnected');
    watch.stop();
    connection.become('failed');
    vi.advanceTimersByTime(10 * PATIENCE_MS);
    expect(broken).toBe(0);
  });
});
