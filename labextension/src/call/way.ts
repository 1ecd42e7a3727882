import { canCarryFrames } from './websocket-media/support';

/** How sound and pictures go between this browser and the server. */
export type Way = 'udp' | 'websocket';

const REMEMBERED = 'codesyncx:call-way';

/**
 * Which way this browser's media goes: what the server says; else over UDP until that was found to
 * be out of reach, and over a WebSocket from then on, until it is looked for again.
 */
export class MediaWay {
  constructor(
    private readonly _storage: Storage = sessionStorage,
    private readonly _canCarryFrames: () => boolean = canCarryFrames
  ) {}

  /** Whether neither way is open: the network lets no UDP through, and the browser is too old. */
  get isClosed(): boolean {
    return this.now === 'websocket' && !this._canCarryFrames();
  }

  get now(): Way {
    if (this._told !== 'auto') {
      return this._told;
    }
    return this._storage.getItem(REMEMBERED) === 'websocket'
      ? 'websocket'
      : 'udp';
  }

  /** Whether it is a WebSocket only because UDP didn't reach the server. */
  get isDetour(): boolean {
    return this._told === 'auto' && this.now === 'websocket';
  }

  /** Take what the server says. */
  tell(way: Way | 'auto'): void {
    this._told = way;
  }

  /** UDP doesn't reach the server from here; whether that changes the way. */
  leaveUdp(): boolean {
    if (this._told !== 'auto' || this.now === 'websocket') {
      return false;
    }
    this._storage.setItem(REMEMBERED, 'websocket');
    return true;
  }

  /** Look for the way over UDP again, for the network may be another one. */
  lookAgain(): void {
    if (this._storage.getItem(REMEMBERED) !== null) {
      this._storage.removeItem(REMEMBERED);
      this._wasBlocked = true;
    }
  }

  /** Whether UDP was out of reach before: then it isn't waited for as long. */
  get wasBlocked(): boolean {
    return this._wasBlocked;
  }

  private _wasBlocked = false;
  private _told: Way | 'auto' = 'auto';
}
