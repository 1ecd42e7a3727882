import { ISignal, Signal } from '@lumino/signaling';

import { setBlur } from './background-blur';
import {
  IChoices,
  openCamera,
  openMicrophone,
  openScreen,
  saveChoices
} from './devices';
import { IOutgoing, ISent } from './lines';
import { ITrack, Right, TrackKind } from './protocol';
import { CallError, Signalling } from './signalling';

interface ISource {
  readonly kind: TrackKind;
  track: MediaStreamTrack;
  isMuted: boolean;
  /** Whether the server has it muted, as far as I know. */
  isMutedThere: boolean;
  /** What the server calls it, also while it waits for another connection; null before it has. */
  id: string | null;
  /** Null while there is no connection. */
  sent: ISent | null;
  /** What is shared together ends together. */
  readonly share: number | null;
}

/** A screen, window or tab of mine. */
export interface IMyScreen {
  /** The id of its track; null before the server has it. */
  readonly id: string | null;
  readonly track: MediaStreamTrack;
  readonly stop: () => void;
}

/** Which device is used now, instead of one that is gone. */
export interface IReplaced {
  readonly source: 'microphone' | 'camera';
  readonly name: string;
}

/** Something of mine that a moderator muted, or that was ended. */
export interface ILoss {
  readonly type: 'muted' | 'ended';
  readonly kind: TrackKind;
}

interface ILine {
  readonly outgoing: IOutgoing;
  readonly signalling: Signalling;
}

/** What I send: my microphone, my camera and my screens, over whichever connection there is. */
export class MyMedia {
  constructor(
    private _choices: IChoices,
    private readonly _onError: (error: unknown) => void
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A device was unplugged, and another one took its place. */
  get replaced(): ISignal<this, IReplaced> {
    return this._replaced;
  }

  get choices(): IChoices {
    return this._choices;
  }

  get isMicrophoneOn(): boolean {
    return this._isOn('microphone');
  }

  get isCameraOn(): boolean {
    return this._isOn('camera');
  }

  /** The picture of my camera, while it is on. */
  get camera(): MediaStreamTrack | null {
    const source = this._find('camera');
    return source && !source.isMuted ? source.track : null;
  }

  /** How many screens, windows and tabs I share. */
  get shares(): number {
    return this.screens.length;
  }

  /** What I share, as I see it myself. */
  get screens(): readonly IMyScreen[] {
    return this._sources
      .filter(({ kind }) => kind === 'screen')
      .map(({ id, track, share }) => ({
        id,
        track,
        stop: () => void this._unshare(share)
      }));
  }

  /** Remember what was chosen. */
  choose(choices: IChoices): void {
    const before = this._choices;
    this._choices = choices;
    saveChoices(choices);
    this._changed.emit();
    void this._next(() => this._useOthers(before));
  }

  /** Open what was chosen to be on, and send all that is mine over a new connection. */
  begin(line: ILine, rights: readonly Right[]): Promise<void> {
    return this._next(async () => {
      this._line = line;
      this._isIn = true;
      this._forget(source => source.kind === 'camera' && source.isMuted);
      this._unsend();
      await this._sendOrForget(this._sources);
      await this._tellAllMuted();
      if (rights.includes('speak') && !this._hasBegun) {
        this._hasBegun = true;
        await this._openChosen();
      }
    });
  }

  /**
   * Back in the session: follow what others did to my tracks while I heard nothing. What is gone of
   * those that a connection carries was ended by somebody.
   */
  compare(tracks: readonly ITrack[]): readonly ILoss[] {
    const losses: ILoss[] = [];
    for (const { kind, id, sent, isMutedThere } of this._sources) {
      const there = tracks.find(each => each.id === id);
      if (sent && !there) {
        this.lose(sent.id, true);
        losses.push({ type: 'ended', kind });
      } else if (id !== null && there?.is_muted && !isMutedThere) {
        this.lose(id, false);
        losses.push({ type: 'muted', kind });
      }
    }
    return losses;
  }

  /** There is another session, in which nothing of mine is known. */
  startOver(): void {
    this.pause();
    for (const source of this._sources) {
      source.id = null;
      source.isMutedThere = false;
    }
  }

  /** Tell the server what I muted or switched on again while it didn't hear me. */
  tellMuted(): Promise<void> {
    return this._next(() => this._tellAllMuted());
  }

  /** The connection is gone; another one may come. */
  pause(): void {
    this._line = null;
    this._unsend();
  }

  /** Close everything. */
  end(): void {
    this.pause();
    this._isIn = this._hasBegun = false;
    this._forget(() => true);
  }

  setMicrophone(isOn: boolean): Promise<void> {
    return this._next(() => this._setMicrophone(isOn));
  }

  setCamera(isOn: boolean): Promise<void> {
    return this._next(() => this._setCamera(isOn));
  }

  /** Share one more screen, window or tab. */
  share(): Promise<void> {
    return this._next(async () => {
      const stream = await openScreen();
      const share = ++this._shares;
      const sources = stream.getTracks().map((track): ISource => {
        const kind = track.kind === 'video' ? 'screen' : 'screen_sound';
        if (kind === 'screen') {
          track.contentHint = 'detail';
        }
        track.onended = () => void this._unshare(share);
        return {
          kind,
          track,
          isMuted: false,
          isMutedThere: false,
          id: null,
          sent: null,
          share
        };
      });
      // The server takes the sound of a screen that it has.
      sources.sort(
        (a, b) => Number(b.kind === 'screen') - Number(a.kind === 'screen')
      );
      await this._add(sources);
    });
  }

  /** Share no screen any more. */
  async unshareAll(): Promise<void> {
    await this._next(() => this._end(({ share }) => share !== null));
  }

  /** A moderator muted a track of mine, or ended it. */
  lose(trackId: string, isEnded: boolean): TrackKind | null {
    const source = this._sources.find(({ id }) => id === trackId);
    if (!source) {
      return null;
    }
    if (isEnded) {
      source.sent?.stop();
      this._forget(each => each === source);
      // A screen takes its sound along.
      if (source.share !== null) {
        void this._unshare(source.share);
      }
    } else {
      source.isMutedThere = true;
      this._mute(source);
    }
    return source.kind;
  }

  /** How loud I am; null while nobody hears me. */
  async level(): Promise<number | null> {
    const source = this._find('microphone');
    return source && !source.isMuted && this._line
      ? this._line.outgoing.level(source.track)
      : null;
  }

  private async _openChosen(): Promise<void> {
    if (this._choices.isMicrophoneOn) {
      await this._openMicrophone(this._choices.isPushToTalk).catch(
        this._onError
      );
    }
    if (this._choices.isCameraOn) {
      await this._setCamera(true).catch(this._onError);
    }
  }

  private async _setMicrophone(isOn: boolean): Promise<void> {
    const source = this._find('microphone');
    if (!source && isOn) {
      await this._openMicrophone(false);
    } else if (source && source.isMuted === isOn) {
      // Off at once, whatever the server says; on when it knows.
      source.track.enabled = isOn;
      source.isMuted = !isOn;
      this._changed.emit();
      await this._tellMuted(source);
    }
  }

  private async _openMicrophone(isMuted: boolean): Promise<void> {
    if (this._find('microphone')) {
      return;
    }
    const track = await openMicrophone(this._choices.microphone);
    track.enabled = !isMuted;
    const source = this._device('microphone', track);
    source.isMuted = isMuted;
    await this._add([source]);
    await this._tellAllMuted();
  }

  private async _openCamera(): Promise<MediaStreamTrack> {
    const track = await openCamera(this._choices.camera);
    await setBlur(track, this._choices.isBlurred);
    return track;
  }

  /** Go over to other devices, or another look, in the middle of a call. */
  private async _useOthers(before: IChoices): Promise<void> {
    const { microphone, camera, isBlurred } = this._choices;
    const voice = this._find('microphone');
    const picture = this._find('camera');
    if (voice && microphone !== before.microphone) {
      await this._exchange(voice, await openMicrophone(microphone));
    }
    if (picture && !picture.isMuted && camera !== before.camera) {
      await this._exchange(picture, await this._openCamera());
    } else if (picture && !picture.isMuted && isBlurred !== before.isBlurred) {
      await setBlur(picture.track, isBlurred);
    }
  }

  private async _exchange(
    source: ISource,
    track: MediaStreamTrack
  ): Promise<void> {
    if (!this._sources.includes(source)) {
      track.stop(); // it ended before the other device was there
      return;
    }
    source.track.onended = null;
    source.track.stop();
    track.enabled = !source.isMuted;
    track.onended = () => this._unplugged(source);
    source.track = track;
    this._changed.emit();
    await source.sent?.replace(track);
  }

  private async _setCamera(isOn: boolean): Promise<void> {
    const source = this._find('camera');
    if (!source && isOn) {
      const track = await this._openCamera();
      await this._add([this._device('camera', track)]);
    } else if (source && source.isMuted && isOn) {
      const track = await this._openCamera();
      source.track = track;
      track.onended = () => this._unplugged(source);
      await source.sent?.replace(track);
      source.isMuted = false;
      this._changed.emit();
      await this._tellMuted(source);
    } else if (source && !source.isMuted && !isOn) {
      this._mute(source);
      await this._tellMuted(source);
    }
  }

  private _device(
    kind: 'microphone' | 'camera',
    track: MediaStreamTrack
  ): ISource {
    const source: ISource = {
      kind,
      track,
      isMuted: false,
      isMutedThere: false,
      id: null,
      sent: null,
      share: null
    };
    track.onended = () => this._unplugged(source);
    return source;
  }

  private _unplugged(source: ISource): void {
    void this._next(() => this._replace(source));
  }

  /** A device is gone: take another one, else the next time it is switched on one is looked for. */
  private async _replace(source: ISource): Promise<void> {
    const isVoice = source.kind === 'microphone';
    try {
      const track = await (isVoice ? openMicrophone('') : openCamera(''));
      await this._exchange(source, track);
      this._replaced.emit({
        source: isVoice ? 'microphone' : 'camera',
        name: track.label
      });
    } catch (error) {
      await this._end(each => each === source);
      throw error;
    }
  }

  private _unshare(share: number | null): Promise<void> {
    return this._next(() => this._end(source => source.share === share));
  }

  /** A camera's light goes out when it is off; a microphone stays open, to be back at once. */
  private _mute(source: ISource): void {
    source.isMuted = true;
    source.track.enabled = false;
    if (source.kind === 'camera') {
      source.track.onended = null;
      source.track.stop();
      void source.sent?.replace(null);
    }
    this._changed.emit();
  }

  private async _add(sources: readonly ISource[]): Promise<void> {
    if (!this._isIn) {
      // I left before the device was there.
      sources.forEach(({ track }) => track.stop());
      return;
    }
    this._sources = [...this._sources, ...sources];
    this._changed.emit();
    await this._sendOrForget(sources);
  }

  /** What is refused is closed; what has no connection is sent over the next. */
  private async _sendOrForget(sources: readonly ISource[]): Promise<void> {
    try {
      await this._send(sources);
    } catch (error) {
      if (!isLost(error)) {
        this._forget(source => sources.includes(source));
      }
      throw error;
    }
  }

  private async _send(sources: readonly ISource[]): Promise<void> {
    if (!this._line || sources.length === 0) {
      return;
    }
    const sent = await this._line.outgoing.send(sources);
    sources.forEach((source, index) => {
      source.sent = sent[index];
      if (source.sent.id !== source.id) {
        source.id = source.sent.id;
        source.isMutedThere = false;
      }
    });
    this._changed.emit();
  }

  private async _end(isMeant: (source: ISource) => boolean): Promise<void> {
    const sent = this._sources
      .filter(isMeant)
      .map(source => source.sent)
      .filter(each => each !== null);
    this._forget(isMeant);
    if (sent.length > 0) {
      await this._line?.outgoing.end(sent);
    }
  }

  private _forget(isMeant: (source: ISource) => boolean): void {
    for (const { track } of this._sources.filter(isMeant)) {
      track.onended = null;
      track.stop();
    }
    this._sources = this._sources.filter(source => !isMeant(source));
    this._changed.emit();
  }

  private async _tellMuted(source: ISource): Promise<void> {
    const { sent, isMuted } = source;
    if (this._line && sent) {
      await this._line.signalling.ask({
        type: 'set_muted',
        track_id: sent.id,
        is_muted: isMuted
      });
      source.isMutedThere = isMuted;
    }
  }

  private async _tellAllMuted(): Promise<void> {
    for (const source of this._sources) {
      if (source.isMuted !== source.isMutedThere) {
        await this._tellMuted(source);
      }
    }
  }

  private _unsend(): void {
    for (const source of this._sources) {
      source.sent = null;
    }
  }

  private _find(kind: TrackKind): ISource | undefined {
    return this._sources.find(source => source.kind === kind);
  }

  private _isOn(kind: TrackKind): boolean {
    return this._find(kind)?.isMuted === false;
  }

  /** One change after the other. What fails because the connection is gone is sent over the next. */
  private _next(task: () => Promise<void>): Promise<void> {
    this._queue = this._queue.then(task).catch((error: unknown) => {
      if (!isLost(error)) {
        this._onError(error);
      }
    });
    return this._queue;
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _replaced = new Signal<this, IReplaced>(this);
  private _sources: readonly ISource[] = [];
  private _line: ILine | null = null;
  private _queue: Promise<void> = Promise.resolve();
  private _shares = 0;
  private _isIn = false;
  private _hasBegun = false;
}

function isLost(error: unknown): boolean {
  return error instanceof CallError && error.code === 'connection_lost';
}
