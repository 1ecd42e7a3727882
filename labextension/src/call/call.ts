import { ISignal, Signal } from '@lumino/signaling';

import { ApiError } from '../api/client';
import { Backoff } from '../connection/backoff';
import {
  applyMessage,
  IRoom,
  nameOf,
  placeName,
  putAway,
  trackOf
} from './call-model';
import { DeviceError, loadChoices, watchDevices } from './devices';
import { Loudspeaker } from './loudspeaker';
import { IMediaOptions, MediaSwitch } from './media-switch';
import { IReplaced, MyMedia } from './my-media';
import {
  ClientMessage,
  isPassing,
  ITicket,
  PassingMessage,
  ServerMessage,
  TrackKind
} from './protocol';
import { CallError, IEnding, ISocket, Signalling } from './signalling';
import { Speaking } from './speaking';
import { ISample } from './statistics';
import { Way } from './way';

const LISTEN_EVERY_MS = 200;

/** A break that is shorter than this isn't worth a word: media goes on meanwhile. */
const UNNOTICED_MS = 1500;

/** Endings that trying again doesn't change. */
const FINAL = new Set([
  'removed',
  'room_locked',
  'refused',
  'shut_out',
  'taken_over'
]);

export type Phase =
  | 'off'
  | 'joining'
  /** In the lobby, until a moderator lets me in. */
  | 'waiting'
  | 'in'
  /** In, but the connection is lost and comes back by itself. */
  | 'reconnecting';

/** Something that a person should be told. */
export type CallNotice =
  | { readonly type: 'device'; readonly error: DeviceError }
  | ({ readonly type: 'replaced' } & IReplaced)
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'muted'; readonly kind: TrackKind; readonly by: string }
  | { readonly type: 'ended'; readonly kind: TrackKind; readonly by: string }
  | { readonly type: 'moved'; readonly to: string }
  | { readonly type: 'recording' }
  | {
      readonly type: 'recorded';
      readonly reason: string;
      readonly path: string;
    }
  | { readonly type: 'broadcast'; readonly by: string; readonly text: string };

type Welcome = Extract<ServerMessage, { type: 'welcome' }>;

export interface ICallOptions extends IMediaOptions {
  readonly fetchTicket: () => Promise<ITicket>;
  readonly openSocket: () => ISocket;
}

/** My part in the project's call. */
export class Call {
  constructor(private readonly _options: ICallOptions) {
    this.mine = new MyMedia(loadChoices(), error => this._onError(error));
    this._media = new MediaSwitch(
      this.mine,
      _options,
      () => this._room?.you ?? null,
      () => this._onTracks(),
      () => this._changed.emit()
    );
    this._loudspeaker.choose(this.mine.choices.speaker);
    this.mine.changed.connect(() => {
      this._loudspeaker.choose(this.mine.choices.speaker);
      this._changed.emit();
    });
    this.mine.replaced.connect((_, replaced) => {
      this._noticed.emit({ type: 'replaced', ...replaced });
    });
    watchDevices(() => this._loudspeaker.refresh());
    window.addEventListener('online', () => this._hurry());
  }

  readonly mine: MyMedia;

  /** Anything that shows is another. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get noticed(): ISignal<this, CallNotice> {
    return this._noticed;
  }

  /** Reactions, pointers and captions of the others. */
  get passed(): ISignal<this, PassingMessage> {
    return this._passed;
  }

  /** How my sound and pictures go; null while nothing does. */
  get way(): Way | null {
    return this._media.now;
  }

  /** Whether my sound and pictures have no way at all from here. */
  get isCutOff(): boolean {
    return this._media.isCutOff;
  }

  get phase(): Phase {
    return this._phase;
  }

  /** Null while I am not in the call. */
  get room(): IRoom | null {
    return this._room;
  }

  /** Why I am in the call no more, when I didn't leave it myself. */
  get ending(): IEnding | null {
    return this._ending;
  }

  /** What comes from others, by track id. */
  get tracks(): ReadonlyMap<string, MediaStreamTrack> {
    return this._media.tracks;
  }

  /** The ids of the tracks that speech is on. */
  get speaking(): ReadonlySet<string> {
    return this._speaking.tracks;
  }

  /** What my connections have carried until now; null while there are none. */
  sample(): Promise<ISample | null> {
    return this._media.sample();
  }

  /** Come into the call. */
  async join(): Promise<void> {
    if (this._phase !== 'off') {
      return;
    }
    this._ending = null;
    this._media.lookAgain();
    this._signalling = new Signalling({
      onMessage: message => this._hear(message),
      onClosed: ending => this._onClosed(ending)
    });
    this._set('joining');
    await this._connect();
  }

  /** Leave the call, or stop trying to get in. */
  leave(): void {
    this._end(null);
  }

  /** Ask the call for something; a refusal is noticed. */
  async ask(message: ClientMessage): Promise<void> {
    try {
      await this._signalling?.ask(message);
    } catch (error) {
      this._onError(error);
    }
  }

  /** Tell the others what passes; no matter when it is lost. */
  tell(message: ClientMessage): void {
    if (this._phase === 'in') {
      this._signalling?.tell(message);
    }
  }

  /** Show something that was said to all rooms no longer. */
  putAway(broadcast: number): void {
    this._room = this._room && putAway(this._room, broadcast);
    this._changed.emit();
  }

  private async _connect(): Promise<void> {
    const attempt = ++this._attempt;
    let ticket: ITicket;
    try {
      ticket = await this._options.fetchTicket();
    } catch (error) {
      if (attempt === this._attempt) {
        this._onClosed(endingOf(error));
      }
      return;
    }
    if (attempt === this._attempt) {
      this._media.tell(ticket.media ?? 'auto');
      this._signalling?.attach(this._options.openSocket(), ticket);
    }
  }

  private _hear(message: ServerMessage): void {
    if (isPassing(message)) {
      this._passed.emit(message);
      return;
    }
    const before = this._room;
    this._room = applyMessage(this._room, message, Date.now());
    if (this._room?.isRecorded && !before?.isRecorded) {
      this._noticed.emit({ type: 'recording' });
    }
    switch (message.type) {
      case 'welcome':
        this._onWelcome(message);
        break;
      case 'room':
        if (this._isEntering) {
          this._begin();
        }
        if (
          before ? before.you.place !== message.you.place : message.you.place
        ) {
          this._noticed.emit({ type: 'moved', to: placeName(this._room) });
        }
        break;
      case 'wait_in_lobby':
        this._room = null;
        this._set('waiting');
        break;
      case 'subscribe':
        this._media.take(message);
        break;
      case 'track_muted':
        if (message.is_muted) {
          this._onLoss('muted', message);
        }
        break;
      case 'track_ended':
        this._onLoss('ended', message);
        break;
      case 'recording_ended': {
        const { reason, path } = message;
        this._noticed.emit({ type: 'recorded', reason, path });
        break;
      }
      case 'broadcast':
        if (message.by !== before?.you.member_id) {
          const { display_name: by, text } = message;
          this._noticed.emit({ type: 'broadcast', by, text });
        }
        break;
      case 'removed':
        this._end({
          code: 'removed',
          message: nameOf(before, message.by) ?? ''
        });
        return;
    }
    this._changed.emit();
  }

  /** A new session has new connections; those of one that goes on may never have stopped. */
  private _onWelcome({ is_resumed, publishing }: Welcome): void {
    this._isEntering = true;
    this._publishing = publishing;
    if (!is_resumed && this._signalling) {
      this._release();
      this._media.begin(this._signalling);
    }
  }

  private _begin(): void {
    const { _room: room, _publishing: publishing } = this;
    if (!room) {
      return;
    }
    this._isEntering = false;
    this._backoff.reset();
    this._set('in');
    this._ear ??= setInterval(() => void this._listen(), LISTEN_EVERY_MS);
    for (const loss of this._media.enter(room.you, publishing)) {
      this._noticed.emit({ ...loss, by: '' });
    }
  }

  /** What I did myself, I know. */
  private _onLoss(
    type: 'muted' | 'ended',
    {
      member_id,
      track_id,
      by
    }: { member_id: string; track_id: string; by: string }
  ): void {
    const me = this._room?.you.member_id;
    if (member_id !== me || by === me) {
      return;
    }
    const kind = this.mine.lose(track_id, type === 'ended');
    if (kind !== null) {
      const name = nameOf(this._room, by) ?? '';
      this._noticed.emit({ type, kind, by: name });
    }
  }

  private _onTracks(): void {
    this._loudspeaker.play(this.tracks);
    this._changed.emit();
  }

  private async _listen(): Promise<void> {
    const { _room: room } = this;
    if (!room) {
      return;
    }
    const levels = await this._media.levels();
    const mine = trackOf(room.you, 'microphone');
    const level = await this.mine.level();
    if (mine && level !== null) {
      levels.set(mine.id, level);
    }
    if (this._speaking.hear(levels, performance.now())) {
      this._changed.emit();
    }
  }

  /** The network is another one: what doesn't hear of it by itself is tried anew at once. */
  private _hurry(): void {
    this._media.hurry();
    if (this._phase === 'in') {
      this._signalling?.drop();
    }
    this._retryNow?.();
  }

  /** The socket is gone, or there was none: once somebody was in, they come back. */
  private _onClosed(ending: IEnding): void {
    if (this._phase === 'off') {
      return;
    }
    if (this._phase === 'joining' || FINAL.has(ending.code)) {
      this._end(ending);
      return;
    }
    // Media may go on meanwhile.
    this._telling ??= setTimeout(() => this._set('reconnecting'), UNNOTICED_MS);
    const timer = setTimeout(() => this._retryNow?.(), this._backoff.next());
    this._retryNow = () => {
      clearTimeout(timer);
      this._retryNow = null;
      void this._connect();
    };
  }

  private _end(ending: IEnding | null): void {
    this._attempt++;
    this._ending = ending;
    this._retryNow = null;
    clearInterval(this._ear);
    this._ear = undefined;
    this._signalling?.close();
    this._signalling = null;
    this._release();
    this._room = null;
    this.mine.end();
    this._set('off');
  }

  private _release(): void {
    this._media.close();
    this._loudspeaker.play(NOTHING);
    this._speaking.hear(new Map(), performance.now());
  }

  private _onError(error: unknown): void {
    if (error instanceof DeviceError) {
      // Who closes the browser's dialog shares nothing, and knows.
      if (error.source !== 'screen' || error.fault !== 'refused') {
        this._noticed.emit({ type: 'device', error });
      }
    } else if (error instanceof CallError) {
      if (error.message !== '') {
        this._noticed.emit({ type: 'refused', message: error.message });
      }
    } else if (this._phase !== 'off') {
      console.warn('A call could not do what was asked of it', error);
    }
  }

  private _set(phase: Phase): void {
    clearTimeout(this._telling);
    this._telling = undefined;
    this._phase = phase;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _noticed = new Signal<this, CallNotice>(this);
  private readonly _passed = new Signal<this, PassingMessage>(this);
  private readonly _backoff = new Backoff();
  private readonly _loudspeaker = new Loudspeaker();
  private readonly _speaking = new Speaking();
  private _phase: Phase = 'off';
  private _room: IRoom | null = null;
  private _ending: IEnding | null = null;
  private _signalling: Signalling | null = null;
  private readonly _media: MediaSwitch;
  /** The number of the connection that the server hears me on. */
  private _publishing = 0;
  /** Between the welcome and the first sight of the room. */
  private _isEntering = false;
  private _attempt = 0;
  private _retryNow: (() => void) | null = null;
  private _ear: ReturnType<typeof setInterval> | undefined;
  private _telling: ReturnType<typeof setTimeout> | undefined;
}

const NOTHING: ReadonlyMap<string, MediaStreamTrack> = new Map();
const NO_WORD: IEnding = { code: '', message: '' };

function endingOf(error: unknown): IEnding {
  return error instanceof ApiError
    ? { code: error.code, message: error.message }
    : NO_WORD;
}
