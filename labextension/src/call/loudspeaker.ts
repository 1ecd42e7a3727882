/** Plays what is heard, whether the panel shows or not. */
export class Loudspeaker {
  /** Play these tracks and no others; those with a picture aren't its business. */
  play(tracks: ReadonlyMap<string, MediaStreamTrack>): void {
    for (const [id, element] of this._elements) {
      if (!tracks.has(id)) {
        element.srcObject = null;
        this._elements.delete(id);
      }
    }
    for (const [id, track] of tracks) {
      if (track.kind === 'audio' && !this._elements.has(id)) {
        const element = new Audio();
        element.autoplay = true;
        element.srcObject = new MediaStream([track]);
        this._elements.set(id, element);
      }
    }
  }

  private readonly _elements = new Map<string, HTMLAudioElement>();
}
