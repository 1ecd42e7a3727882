import { SILENT_MS } from './link-status';

const CONNECT_MS = 10_000;
const IDLE_MS = 45_000;
const ANSWER_MS = 6_000;

/** What to do about a line: nothing, ask for a sign of life, or give it up. */
export type LineVerdict = 'fine' | 'ask' | 'dead';

/** Notices that nobody answers; a socket itself may not for minutes. Has no clock of its own. */
export class LineWatch {
  /** Whether the server owes an answer. */
  get isAsking(): boolean {
    return this.askedAt !== null;
  }

  opened(now: number): void {
    this.openedAt = now;
  }

  heard(now: number): void {
    this.heardAt = now;
    this.askedAt = null;
  }

  asked(now: number): void {
    this.askedAt = now;
    this.lastAskedAt = now;
  }

  closed(): void {
    this.askedAt = null;
  }

  /** Judge an open line; `oldestAt` is when the oldest edit that waits was made. */
  judge(now: number, isSynced: boolean, oldestAt: number | null): LineVerdict {
    if (!isSynced) {
      const lastSign = Math.max(this.openedAt, this.heardAt);
      return now - lastSign > CONNECT_MS ? 'dead' : 'fine';
    }
    if (this.askedAt !== null) {
      return now - this.askedAt > ANSWER_MS ? 'dead' : 'fine';
    }
    const isUnanswered = oldestAt !== null && now - oldestAt > SILENT_MS;
    const isStill = now - this.heardAt > IDLE_MS;
    return isStill || (isUnanswered && now - this.lastAskedAt > SILENT_MS)
      ? 'ask'
      : 'fine';
  }

  private openedAt = 0;
  private heardAt = 0;
  private lastAskedAt = 0;
  private askedAt: number | null = null;
}
