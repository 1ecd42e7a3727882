/** Sends a picture to the server and back to this browser, to see whether and how calls work here. */

import { CameraCodec } from './camera-codec';
import { Incoming } from './incoming';
import { Outgoing } from './outgoing';
import { ITicket } from './protocol';
import { Fault, judge, Quality } from './quality';
import { Reach } from './reach';
import { enter } from './room-entry';
import { CallError, ISocket } from './signalling';
import { between, ISample, sampleOf, totalBitrate } from './statistics';
import { TestPicture } from './test-picture';
import { Way } from './way';
import { canCarryFrames } from './websocket-media/support';
import { TestLines } from './websocket-media/test-lines';

/** A way by UDP is found within a second, or not at all. */
const CONNECT_WITHIN_MS = 8000;
/** The estimate of what could be sent grows for some seconds. */
const WARM_UP_MS = 2000;
const MEASURE_MS = 4000;
const LOOK_EVERY_MS = 200;

export type Outcome =
  /** There is no way to the call at all; with what the server says of it. */
  | {
      readonly type: 'unreachable';
      readonly code: string;
      readonly message: string;
    }
  /** The server answers, but neither sound nor pictures get through. */
  | {
      readonly type: 'blocked';
    }
  | {
      readonly type: 'reached';
      readonly way: Way;
      readonly quality: Quality;
      readonly faults: readonly Fault[];
      readonly roundTrip_ms: number | null;
      readonly up_bps: number;
      readonly down_bps: number;
    };

export interface ITestOptions {
  /** Two tickets for a room that nobody else is in. */
  readonly fetchTickets: () => Promise<readonly ITicket[]>;
  readonly openSocket: () => ISocket;
  /** Where media goes over a WebSocket. */
  readonly mediaUrl: () => string;
}

/** What was carried between two samples of the test's own connections. */
export function outcomeOf(way: Way, before: ISample, after: ISample): Outcome {
  const measured = between(before, after);
  return {
    type: 'reached',
    way,
    ...judge(before, after),
    roundTrip_ms: measured.roundTrip_ms,
    up_bps: measured.available_bps ?? totalBitrate(measured, 'up'),
    down_bps: totalBitrate(measured, 'down')
  };
}

/** Run the test, which takes some seconds; rejects when `signal` is aborted meanwhile. */
export async function testConnection(
  options: ITestOptions,
  signal: AbortSignal
): Promise<Outcome> {
  const open: { close(): void }[] = [];
  try {
    return await run(options, signal, open);
  } catch (error) {
    if (error instanceof CallError) {
      const { code, message } = error;
      return { type: 'unreachable', code, message };
    }
    throw error;
  } finally {
    open.reverse().forEach(each => each.close());
  }
}

async function run(
  { fetchTickets, openSocket, mediaUrl }: ITestOptions,
  signal: AbortSignal,
  open: { close(): void }[]
): Promise<Outcome> {
  const [first, second] = await fetchTickets();
  signal.throwIfAborted();
  const here = await enter(openSocket(), first, () => undefined);
  open.push(here);
  let incoming: Incoming | null = null;
  const there = await enter(openSocket(), second, message => {
    if (message.type === 'subscribe') {
      incoming?.take(message);
    }
  });
  open.push(there);
  const picture = new TestPicture();
  open.push(picture);
  if (first.media !== 'websocket') {
    const reach = new Reach(() => undefined);
    incoming = new Incoming(there, reach, () => undefined);
    const outgoing = new Outgoing(
      here,
      here.configuration,
      reach,
      usual,
      NOBODY
    );
    const both = [outgoing, incoming];
    open.push(...both);
    await outgoing.send([{ kind: 'camera', track: picture.track, id: null }]);
    const sample = async (): Promise<ISample> => {
      const reports = await Promise.all(both.map(each => each.report()));
      return sampleOf(reports, performance.now());
    };
    const outcome = await measure('udp', sample, signal);
    if (outcome || first.media === 'udp' || !canCarryFrames()) {
      return outcome ?? { type: 'blocked' };
    }
    both.forEach(each => each.close());
  }
  const lines = new TestLines(mediaUrl());
  open.push(lines);
  await lines.begin(here, there, picture.track);
  const sample = (): Promise<ISample> => Promise.resolve(lines.sample());
  return (await measure('websocket', sample, signal)) ?? { type: 'blocked' };
}

/** Measure what comes back for some seconds; null when nothing does. */
async function measure(
  way: Way,
  take: () => Promise<ISample>,
  signal: AbortSignal
): Promise<Outcome | null> {
  const sample = (): Promise<ISample> => {
    signal.throwIfAborted();
    return take();
  };
  if (!(await comesBack(sample))) {
    return null;
  }
  await pause(WARM_UP_MS);
  const before = await sample();
  await pause(MEASURE_MS);
  return outcomeOf(way, before, await sample());
}

/** Wait until something of what is sent comes back; false when it doesn't. */
async function comesBack(sample: () => Promise<ISample>): Promise<boolean> {
  const end = performance.now() + CONNECT_WITHIN_MS;
  while (performance.now() < end) {
    const { streams } = await sample();
    if (streams.some(each => each.direction === 'down' && each.packets > 0)) {
      return true;
    }
    await pause(LOOK_EVERY_MS);
  }
  return false;
}

function pause(time_ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, time_ms));
}

const usual = (): CameraCodec => 'automatic';
const NOBODY = {
  onBroken: () => undefined,
  onConnected: () => undefined,
  onEmpty: () => undefined
};
