/** What talking while a key is held needs of one's microphone. */
export interface ITalker {
  readonly isMicrophoneOn: boolean;
  setMicrophone(isOn: boolean): Promise<void>;
}

/**
 * The microphone is on as long as a key is held; the command's keys are pressed again and again.
 *
 * Any key that is let go ends it, and so does a page that loses the keyboard: better silent than
 * heard by accident.
 */
export class PushToTalk {
  constructor(private readonly _talker: ITalker) {}

  get isHeld(): boolean {
    return this._isHeld;
  }

  /** The key is down. Whoever is heard already stays so. */
  hold(): void {
    if (this._isHeld || this._talker.isMicrophoneOn) {
      return;
    }
    this._isHeld = true;
    document.addEventListener('keyup', this._release, true);
    window.addEventListener('blur', this._release);
    void this._talker.setMicrophone(true);
  }

  private readonly _release = (): void => {
    this._isHeld = false;
    document.removeEventListener('keyup', this._release, true);
    window.removeEventListener('blur', this._release);
    void this._talker.setMicrophone(false);
  };

  private _isHeld = false;
}
