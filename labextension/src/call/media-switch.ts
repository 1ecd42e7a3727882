import { CameraCodec } from './camera-codec';
import { ILines } from './lines';
import { MediaLines } from './media-lines';
import { ILoss, MyMedia } from './my-media';
import { ICaller, ServerMessage } from './protocol';
import { CHECKS_AGAIN_MS, CHECKS_MS, Reach } from './reach';
import { Signalling } from './signalling';
import { ISample } from './statistics';
import { Succession } from './succession';
import { MediaWay, Way } from './way';
import { WayBack } from './way-back';
import { FrameLines } from './websocket-media/frame-lines';

export interface IMediaOptions {
  /** Where media goes over a WebSocket. */
  readonly mediaUrl: () => string;
  /** See whether UDP reaches the server from here. */
  readonly lookForUdp: () => Promise<boolean>;
  /** What my camera is to be encoded with. */
  readonly cameraCodec: () => CameraCodec;
}

/** Has the media of a call go the best way there is, and change over when that is another. */
export class MediaSwitch {
  /** `me` gives what I am in the call while I am in; `onTracks` hears of what comes, `onWay` of ways. */
  constructor(
    private readonly _mine: MyMedia,
    private readonly _options: IMediaOptions,
    private readonly _me: () => ICaller | null,
    private readonly _onTracks: () => void,
    private readonly _onWay: () => void
  ) {}

  /** How my sound and pictures go; null while nothing does. */
  get now(): Way | null {
    return this._lines && this._way.now;
  }

  /** Whether my sound and pictures have no way at all from here. */
  get isCutOff(): boolean {
    return this._lines !== null && this._way.isClosed;
  }

  /** What comes from others, by track id. */
  get tracks(): ReadonlyMap<string, MediaStreamTrack> {
    return this._succession.tracks(this._lines?.incoming.tracks ?? NOTHING);
  }

  /** Take what the server says of the ways. */
  tell(way: Way | 'auto'): void {
    this._way.tell(way);
  }

  /** Try UDP first again, in a new call. */
  lookAgain(): void {
    this._way.lookAgain();
  }

  /** There is a new session, which nothing is carried in yet. */
  begin(signalling: Signalling): void {
    this.close();
    this._mine.startOver();
    this._signalling = signalling;
    this._lines = this._open(signalling);
  }

  /**
   * I am in, for the first time or again in the same session, and the server hears me on a connection.
   * Gives what of mine was muted or ended meanwhile.
   */
  enter(you: ICaller, publishing: number): readonly ILoss[] {
    return this._lines?.enter(you, publishing) ?? [];
  }

  take(offer: Extract<ServerMessage, { type: 'subscribe' }>): void {
    this._lines?.incoming.take(offer);
  }

  /** How loud what comes is, from 0 to 1, by track id. */
  async levels(): Promise<Map<string, number>> {
    return (await this._lines?.incoming.levels()) ?? new Map();
  }

  /** What has been carried until now; null while nothing is. */
  async sample(): Promise<ISample | null> {
    return (await this._lines?.sample()) ?? null;
  }

  /** The network is another one. */
  hurry(): void {
    this._lines?.hurry();
    this._wayBack.hurry();
  }

  close(): void {
    this._wayBack.stop();
    this._succession.end();
    this._lines?.close();
    this._lines = this._signalling = null;
  }

  private _open(signalling: Signalling): ILines {
    const { mediaUrl, cameraCodec } = this._options;
    if (this._way.now !== 'websocket' || this._way.isClosed) {
      this._wayBack.stop();
      return new MediaLines(
        signalling,
        this._mine,
        this._reach,
        cameraCodec,
        this._onTracks
      );
    }
    if (this._way.isDetour) {
      this._wayBack.begin();
    }
    return new FrameLines(signalling, this._mine, this._onTracks, mediaUrl());
  }

  /** UDP doesn't reach the server: go on over a WebSocket, in the same session. */
  private _onBlocked(): void {
    if (this._me() && this._way.leaveUdp()) {
      if (!this._way.isClosed) {
        this._changeOver();
      }
      this._onWay();
    }
  }

  /** UDP reaches the server again: go on over it, in the same session. */
  private _onUdpOpen(): void {
    if (!this._me() || !this._signalling?.isOpen || !this._way.isDetour) {
      this._wayBack.begin();
      return;
    }
    this._way.lookAgain();
    this._changeOver();
    this._onWay();
  }

  private _changeOver(): void {
    const { _lines: lines, _signalling: signalling } = this;
    const me = this._me();
    if (lines && signalling && me) {
      this._succession.follow(lines);
      this._lines = this._open(signalling);
      this._lines.enter(me, 0);
    }
  }

  private readonly _way = new MediaWay();
  private readonly _wayBack = new WayBack(
    () => this._options.lookForUdp(),
    () => this._onUdpOpen()
  );
  private readonly _reach = new Reach(
    () => this._onBlocked(),
    () => (this._way.wasBlocked ? CHECKS_AGAIN_MS : CHECKS_MS)
  );
  private readonly _succession = new Succession(() => this._onTracks());
  private _lines: ILines | null = null;
  private _signalling: Signalling | null = null;
}

const NOTHING: ReadonlyMap<string, MediaStreamTrack> = new Map();
