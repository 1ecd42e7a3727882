/** How long after a change to a WebSocket UDP is looked for again; each time twice as long, at most: */
export const FIRST_LOOK_MS = 30_000;
export const LAST_LOOK_MS = 600_000;
/** A way that was open for less than this may close again. */
const STEADY_MS = 60_000;
/** After another network came, once it has settled. */
export const HURRY_MS = 1500;

/** Looks now and then whether UDP reaches the server again, while media goes over a WebSocket. */
export class WayBack {
  /** `look` says whether it does; `onOpen` is called once when it does. */
  constructor(
    private readonly _look: () => Promise<boolean>,
    private readonly _onOpen: () => void
  ) {}

  /** Look from now on. A way that was open and soon closed again is looked for less often. */
  begin(): void {
    this.stop();
    this._isWatching = true;
    if (performance.now() - this._openedAt > STEADY_MS) {
      this._delay_ms = FIRST_LOOK_MS;
    }
    this._plan(this._delay_ms);
  }

  /** The network is another one. */
  hurry(): void {
    if (this._isWatching) {
      this._delay_ms = FIRST_LOOK_MS;
      this._plan(HURRY_MS);
    }
  }

  stop(): void {
    this._isWatching = false;
    this._round++;
    clearTimeout(this._timer);
  }

  private _plan(delay_ms: number): void {
    clearTimeout(this._timer);
    const round = ++this._round;
    this._timer = setTimeout(() => void this._try(round), delay_ms);
  }

  private async _try(round: number): Promise<void> {
    this._delay_ms = Math.min(LAST_LOOK_MS, 2 * this._delay_ms);
    // A server that can't be asked is no way either.
    const isOpen = await this._look().catch(() => false);
    if (round !== this._round) {
      return; // the call ended meanwhile, or the network is another one again
    }
    if (isOpen) {
      this.stop();
      this._openedAt = performance.now();
      this._onOpen();
    } else {
      this._plan(this._delay_ms);
    }
  }

  private _isWatching = false;
  private _round = 0;
  private _openedAt = -Infinity;
  private _delay_ms = FIRST_LOOK_MS;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
