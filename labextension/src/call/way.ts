import { canCarryFrames } from './websocket-media/support';

/** How sound and pictures go between this browser and the server. */
export type Way = 'udp' | 'websocket';

const REMEMBERED = 'codesyncx:call-way';

/**
 * Which way this browser's media goes: what the server says; else over UDP until that was found to
 * be out of reach, and over a WebSocket from then on as long as the browser's tab lives.
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

  private _told: Way | 'auto' = 'auto';
}
