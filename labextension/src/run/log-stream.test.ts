import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ISocket } from '../api/events';
import { IPiece } from './api';
import { LogStream } from './log-stream';

class FakeSocket implements ISocket {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  close = vi.fn();

  constructor(readonly query: Record<string, string>) {}

  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }

  end(code: number): void {
    this.onclose?.({ code } as CloseEvent);
  }
}

const piece = (number: number, text: string): IPiece => ({
  number,
  text,
  ends_line: true,
  is_notice: false
});

let sockets: FakeSocket[];
let heard: string[];
let isLost: boolean;

function follow(): LogStream {
  return new LogStream(
    query => {
      sockets.push(new FakeSocket(query));
      return sockets[sockets.length - 1];
    },
    {
      onRun: ({ id }) => heard.push(id),
      onOutput: pieces => heard.push(...pieces.map(({ text }) => text)),
      onLost: () => {
        isLost = true;
      }
    },
    () => 0
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  heard = [];
  isLost = false;
});

afterEach(() => {
  vi.useRealTimers();
});

test('a broken connection goes on after the last piece, and tells none twice', () => {
  follow();
  expect(sockets[0].query).toEqual({ after: '-1' });
  sockets[0].say({ type: 'output', pieces: [piece(0, 'a'), piece(1, 'b')] });
  sockets[0].end(1006);
  vi.advanceTimersByTime(1000);
  expect(sockets[1].query).toEqual({ after: '1' });
  sockets[1].say({ type: 'output', pieces: [piece(1, 'b'), piece(2, 'c')] });
  sockets[1].say({ type: 'run', run: { id: 'x' } });
  expect(heard).toEqual(['a', 'b', 'c', 'x']);
});

test('the end of a run ends it', () => {
  follow();
  sockets[0].end(1000);
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(1);
  expect(isLost).toBe(false);
});

test('a refusal is not asked again', () => {
  follow();
  sockets[0].end(4404);
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(1);
  expect(isLost).toBe(true);
});

test('who looks elsewhere hears nothing more', () => {
  const stream = follow();
  sockets[0].end(1006);
  stream.dispose();
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(1);
});
