import { Backoff } from '../connection/backoff';
import { CameraCodec } from './camera-codec';
import { Incoming } from './incoming';
import { ILines } from './lines';
import { ILoss, MyMedia } from './my-media';
import { Outgoing } from './outgoing';
import { ICaller, Right } from './protocol';
import { Reach } from './reach';
import { Signalling } from './signalling';
import { ISample, sampleOf } from './statistics';

/** The two media connections of one session. Each is made anew alone when it breaks. */
export class MediaLines implements ILines {
  constructor(
    private readonly _signalling: Signalling,
    private readonly _mine: MyMedia,
    private readonly _reach: Reach,
    private readonly _codec: () => CameraCodec,
    onTracks: () => void
  ) {
    this.incoming = new Incoming(_signalling, _reach, onTracks);
    this._outgoing = this._open();
  }

  readonly incoming: Incoming;

  /**
   * I am in the call, for the first time or again in the same session, and the server hears me on the
   * connection `publishing` (0 for none). Gives what of mine was muted or ended meanwhile.
   */
  enter(you: ICaller, publishing: number): readonly ILoss[] {
    const isFirst = this._rights === null;
    this._rights = you.rights;
    const isTheSame = publishing === this._outgoing.number;
    if (!isTheSame) {
      this._mine.pause();
    }
    const losses = this._mine.compare(you.tracks);
    // It may have gone over a WebSocket before; said again, should it have been lost.
    this._signalling.tell({ type: 'use_udp' });
    if (isFirst) {
      this._begin();
      return losses;
    }
    this.incoming.resume();
    if (!isTheSame || this._outgoing.isBroken) {
      this._republish(publishing);
    } else {
      void this._mine.tellMuted();
    }
    return losses;
  }

  /** The network is another one. */
  hurry(): void {
    this.incoming.hurry();
    this._outgoing.hurry();
  }

  /** What the browser measures of both. */
  async sample(): Promise<ISample> {
    const both = [this._outgoing, this.incoming];
    const reports = await Promise.all(both.map(each => each.report()));
    return sampleOf(reports, performance.now());
  }

  retire(): void {
    clearTimeout(this._timer);
    this.incoming.retire();
    this._outgoing.close();
    this._mine.pause();
    this._isRetired = true;
  }

  close(): void {
    if (!this._isRetired) {
      this.retire();
    }
    this.incoming.close();
  }

  private _open(): Outgoing {
    const { configuration } = this._signalling;
    const { _signalling: signalling, _reach: reach, _codec: codec } = this;
    return new Outgoing(signalling, configuration, reach, codec, {
      onBroken: () => this._onBroken(),
      onConnected: () => this._backoff.reset(),
      onEmpty: () => {
        // Without signalling it waits for the session to go on.
        if (this._signalling.isOpen) {
          this._republish(this._outgoing.number);
        }
      }
    });
  }

  private _onBroken(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      // Without signalling it waits for the session to go on.
      if (this._signalling.isOpen) {
        this._republish(this._outgoing.number);
      }
    }, this._backoff.next());
  }

  /** Send everything over a new connection, instead of the one that the server knows by a number. */
  private _republish(number: number): void {
    clearTimeout(this._timer);
    if (number !== 0) {
      this._signalling.tell({ type: 'restart', connection: number });
    }
    this._outgoing.close();
    this._outgoing = this._open();
    this._begin();
  }

  private _begin(): void {
    const { _outgoing: outgoing, _signalling: signalling } = this;
    void this._mine.begin({ outgoing, signalling }, this._rights ?? []);
  }

  private readonly _backoff = new Backoff();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _outgoing: Outgoing;
  private _isRetired = false;
  /** Null before I was in. */
  private _rights: readonly Right[] | null = null;
}
