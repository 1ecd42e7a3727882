/** How long a connection may be disconnected: what was only a bad moment is over by then. */
export const PATIENCE_MS = 5000;

/** What is watched of an `RTCPeerConnection`. */
export type Watched = Pick<
  RTCPeerConnection,
  'connectionState' | 'onconnectionstatechange'
>;

/** Tells once when a media connection is broken and won't come back by itself. */
export class Watch {
  constructor(
    private readonly _connection: Watched,
    private readonly _onBroken: () => void,
    private readonly _onConnected: () => void = () => undefined
  ) {
    _connection.onconnectionstatechange = () => this._look();
  }

  /** The network is another one: what is disconnected doesn't come back. */
  hurry(): void {
    if (this._connection.connectionState === 'disconnected') {
      this._break();
    }
  }

  /** Look no longer. */
  stop(): void {
    clearTimeout(this._timer);
    this._connection.onconnectionstatechange = null;
  }

  private _look(): void {
    clearTimeout(this._timer);
    switch (this._connection.connectionState) {
      case 'connected':
        this._onConnected();
        break;
      case 'disconnected':
        this._timer = setTimeout(() => this._break(), PATIENCE_MS);
        break;
      case 'failed':
        this._break();
        break;
    }
  }

  private _break(): void {
    this.stop();
    this._onBroken();
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
}
