/** Whether this browser lets a page choose where sound comes out. */
export function canChooseLoudspeaker(): boolean {
  return 'setSinkId' in HTMLMediaElement.prototype;
}

/** Plays what is heard, whether the panel shows or not. */
export class Loudspeaker {
  /** Play these tracks and no others; those with a picture aren't its business. */
  play(tracks: ReadonlyMap<string, MediaStreamTrack>): void {
    for (const [id, element] of this._elements) {
      // The same track comes anew when another connection brings it.
      if (tracks.get(id) !== this._played.get(id)) {
        element.srcObject = null;
        this._played.delete(id);
        this._elements.delete(id);
      }
    }
    for (const [id, track] of tracks) {
      if (track.kind === 'audio' && !this._elements.has(id)) {
        const element = new Audio();
        element.autoplay = true;
        element.srcObject = new MediaStream([track]);
        this._elements.set(id, element);
        this._played.set(id, track);
        void playOn(element, this._device);
      }
    }
  }

  /** Have it come out of a device; empty for the browser's choice. */
  choose(device: string): void {
    if (device !== this._device) {
      this._device = device;
      this.refresh();
    }
  }

  /** Look again whether the device is there: it was plugged in or out. */
  refresh(): void {
    for (const element of this._elements.values()) {
      void playOn(element, this._device);
    }
  }

  private readonly _elements = new Map<string, HTMLAudioElement>();
  private readonly _played = new Map<string, MediaStreamTrack>();
  private _device = '';
}

/** Play an element on a device, or on the browser's choice when that isn't there. */
export async function playOn(
  element: HTMLMediaElement,
  device: string
): Promise<void> {
  if (!canChooseLoudspeaker()) {
    return;
  }
  try {
    await element.setSinkId(device);
  } catch (error) {
    console.warn('A loudspeaker could not be used', error);
    await element.setSinkId('');
  }
}
