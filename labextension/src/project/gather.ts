/**
 * Calls `act` once for many requests: when none came for `quietMs`, but `longestMs` after the
 * first at the latest.
 */
export class Gather {
  constructor(
    private readonly act: () => void,
    private readonly quietMs: number,
    private readonly longestMs: number
  ) {}

  request(): void {
    const now = Date.now();
    this.since ??= now;
    clearTimeout(this.timer);
    const left = this.since + this.longestMs - now;
    this.timer = setTimeout(
      () => {
        this.since = null;
        this.act();
      },
      Math.max(0, Math.min(this.quietMs, left))
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private since: number | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
}
