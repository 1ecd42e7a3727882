/** Louder than this, of 1, is speech rather than a fan. */
const SPEECH = 0.015;

/** Between words people go on speaking. */
const PAUSE_MS = 700;

/** Who speaks, from how loud their tracks are. */
export class Speaking {
  /** The ids of the tracks that speech is on. */
  get tracks(): ReadonlySet<string> {
    return this._tracks;
  }

  /** Take what was measured; whether others speak than before. */
  hear(levels: ReadonlyMap<string, number>, now_ms: number): boolean {
    for (const [id, level] of levels) {
      if (level >= SPEECH) {
        this._heardAt.set(id, now_ms);
      }
    }
    for (const [id, heardAt] of this._heardAt) {
      if (!levels.has(id) || now_ms - heardAt > PAUSE_MS) {
        this._heardAt.delete(id);
      }
    }
    const isSame =
      this._heardAt.size === this._tracks.size &&
      [...this._heardAt.keys()].every(id => this._tracks.has(id));
    if (!isSame) {
      this._tracks = new Set(this._heardAt.keys());
    }
    return !isSame;
  }

  private readonly _heardAt = new Map<string, number>();
  private _tracks: ReadonlySet<string> = new Set();
}
