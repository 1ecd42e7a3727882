import { ILoss } from './my-media';
import { ICaller, ServerMessage, TrackKind } from './protocol';
import { ISample } from './statistics';

/** A track of mine that the server takes. */
export interface ISent {
  readonly id: string;
  /** Send it no longer; the server is told with `end`. */
  stop(): void;
  /** Send another track in its place, or nothing for now. */
  replace(track: MediaStreamTrack | null): Promise<void>;
}

/** A track of mine to send. */
export interface ISending {
  readonly kind: TrackKind;
  readonly track: MediaStreamTrack;
  /** The id that the others know it by, when something else carried it before. */
  readonly id: string | null;
}

/** What carries what I send. */
export interface IOutgoing {
  /** Send tracks; rejects with CallError, and sends none of them, when the server takes them not. */
  send(tracks: readonly ISending[]): Promise<ISent[]>;

  /** Send tracks no longer. */
  end(tracks: readonly ISent[]): Promise<void>;

  /** How loud my microphone is, from 0 to 1; null where nothing is sent. */
  level(track: MediaStreamTrack): Promise<number | null>;
}

/** What brings what the others send. */
export interface IIncoming {
  /** What comes, by track id. */
  readonly tracks: ReadonlyMap<string, MediaStreamTrack>;

  /** Take an offer, once those before are answered. */
  take(offer: Extract<ServerMessage, { type: 'subscribe' }>): void;

  /** How loud the tracks with sound are, from 0 to 1. */
  levels(): Promise<Map<string, number>>;
}

/** The media of one session, over UDP or a WebSocket. */
export interface ILines {
  readonly incoming: IIncoming;

  /**
   * I am in the call, for the first time or again in the same session, and the server hears me on the
   * connection `publishing` (0 for none). Gives what of mine was muted or ended meanwhile.
   */
  enter(you: ICaller, publishing: number): readonly ILoss[];

  /** The network is another one. */
  hurry(): void;

  /** Carry nothing more, but show what came last until it is closed: another way takes over. */
  retire(): void;

  /** What has been carried until now; null before anything is. */
  sample(): Promise<ISample | null>;

  close(): void;
}
