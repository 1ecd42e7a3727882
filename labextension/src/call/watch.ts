/** How long a connection may be disconnected: what was only a bad moment is over by then. */
export const PATIENCE_MS = 5000;

/** How long nothing may come on a new network: browsers need six seconds to notice by themselves. */
export const PROOF_MS = 1500;

/** What is watched of an `RTCPeerConnection`. */
export type Watched = Pick<
  RTCPeerConnection,
  'connectionState' | 'onconnectionstatechange' | 'getStats'
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

  /** The network is another one: what is disconnected doesn't come back, and the rest has to prove itself. */
  hurry(): void {
    const { connectionState } = this._connection;
    if (connectionState === 'disconnected') {
      this._break();
    } else if (connectionState === 'connected') {
      void this._prove();
    }
  }

  /** See whether anything comes still; with nothing to come it is made anew, which hurts nobody. */
  private async _prove(): Promise<void> {
    const before = await this._received();
    await new Promise(resolve => setTimeout(resolve, PROOF_MS));
    if (!this._isStopped && (await this._received()) <= before) {
      this._break();
    }
  }

  private async _received(): Promise<number> {
    let bytes = 0;
    (await this._connection.getStats()).forEach((report: ITransportReport) => {
      bytes += report.type === 'transport' ? (report.bytesReceived ?? 0) : 0;
    });
    return bytes;
  }

  /** Look no longer. */
  stop(): void {
    this._isStopped = true;
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
    if (this._isStopped) {
      return; // told of already
    }
    this.stop();
    this._onBroken();
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isStopped = false;
}

interface ITransportReport {
  readonly type: string;
  readonly bytesReceived?: number;
}
