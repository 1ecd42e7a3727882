import { ILines } from './lines';

/** How long what came the old way is shown at most while it comes by no other. */
const SHOWN_MS = 4000;

/**
 * What comes from others while one way takes over from another: the last pictures of the old one are
 * shown until the new one brings its own.
 */
export class Succession {
  constructor(private readonly _onTracks: () => void) {}

  /** Another way takes over from this one. */
  follow(before: ILines): void {
    this.end();
    before.retire();
    this._before = before;
    this._timer = setTimeout(() => {
      this.end();
      this._onTracks();
    }, SHOWN_MS);
  }

  /** What is there of all that comes. */
  tracks(
    now: ReadonlyMap<string, MediaStreamTrack>
  ): ReadonlyMap<string, MediaStreamTrack> {
    if (!this._before) {
      return now;
    }
    const tracks = new Map(this._before.incoming.tracks);
    for (const [id, track] of now) {
      if (track.muted && tracks.has(id)) {
        track.addEventListener('unmute', this._onTracks, { once: true });
      } else {
        tracks.set(id, track);
      }
    }
    return tracks;
  }

  end(): void {
    clearTimeout(this._timer);
    this._before?.close();
    this._before = null;
  }

  private _before: ILines | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
