import { LabShell } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { documentIn, goTo } from './documents';
import { FollowEffect, FollowEvent, FollowState, OFF, step } from './follow';
import { IPlace } from './protocol';
import { CLOCK, PeopleStore } from './store';

/** How often to look whether somebody who left is still gone. */
const TICK_MS = 2_000;

const MODIFIERS = ['Shift', 'Control', 'Alt', 'Meta', 'CapsLock'];

export interface IFollowerOptions {
  readonly shell: LabShell;
  readonly documents: IDocumentManager;
  readonly store: PeopleStore;
}

export type FollowNoticeEffect = Extract<FollowEffect, { type: 'notice' }>;

/** Takes my view along with somebody's until I take over. */
export class Follower implements IDisposable {
  constructor(private readonly _options: IFollowerOptions) {
    _options.store.changed.connect(this._onPeople, this);
    _options.shell.currentChanged.connect(this._onCurrentChanged, this);
    document.addEventListener('keydown', this._onKeyDown, true);
    document.addEventListener('pointerdown', this._onPointerDown, true);
  }

  get state(): FollowState {
    return this._state;
  }

  /** Following began, changed or ended. */
  get changed(): ISignal<this, FollowState> {
    return this._changed;
  }

  /** Why following didn't begin, or ended by itself. */
  get noticed(): ISignal<this, FollowNoticeEffect> {
    return this._noticed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  follow(username: string): void {
    this._apply({ type: 'start', username });
  }

  stop(): void {
    this._apply({ type: 'stop' });
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearInterval(this._timer);
    document.removeEventListener('keydown', this._onKeyDown, true);
    document.removeEventListener('pointerdown', this._onPointerDown, true);
    Signal.clearData(this);
  }

  private _apply(event: FollowEvent): void {
    const { store } = this._options;
    const before = this._state;
    const { state, effects } = step(before, event, {
      people: store.people,
      me: store.me?.user.username ?? '',
      now: CLOCK.now()
    });
    this._state = state;
    this._keepTime();
    if (state !== before) {
      this._changed.emit(state);
    }
    for (const effect of effects) {
      if (effect.type === 'go') {
        void this._go(effect.place);
      } else {
        this._noticed.emit(effect);
      }
    }
  }

  private _keepTime(): void {
    const isOn = this._state.phase !== 'off';
    if (isOn && this._timer === undefined) {
      this._timer = setInterval(() => this._onPeople(), TICK_MS);
    } else if (!isOn) {
      clearInterval(this._timer);
      this._timer = undefined;
    }
  }

  private async _go(place: IPlace): Promise<void> {
    const turn = ++this._turn;
    this._target = place.path;
    try {
      await goTo(this._options.documents, place, {
        enter: false,
        isWanted: () => turn === this._turn && this._state.phase !== 'off'
      });
    } catch (error) {
      // A document that doesn't open says so itself; the next move may open another.
      console.warn('Could not follow to', place.path, error);
    }
  }

  private readonly _onPeople = (): void => {
    this._apply({ type: 'people' });
  };

  private readonly _onCurrentChanged = (): void => {
    if (this._state.phase === 'off') {
      return;
    }
    const path = documentIn(this._options.shell.currentWidget)?.context.path;
    if (path !== undefined && path !== this._target) {
      this.stop();
    }
  };

  private readonly _onKeyDown = (event: KeyboardEvent): void => {
    if (this._state.phase === 'off' || MODIFIERS.includes(event.key)) {
      return;
    }
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key === 'Escape' || (isInDocument(event.target) && !isCommand)) {
      this.stop();
    }
  };

  private readonly _onPointerDown = (event: PointerEvent): void => {
    if (this._state.phase !== 'off' && isInDocument(event.target)) {
      this.stop();
    }
  };

  private readonly _changed = new Signal<this, FollowState>(this);
  private readonly _noticed = new Signal<this, FollowNoticeEffect>(this);
  private _state: FollowState = OFF;
  private _timer: ReturnType<typeof setInterval> | undefined;
  private _target: string | null = null;
  private _turn = 0;
  private _isDisposed = false;
}

function isInDocument(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('.jp-Document') !== null;
}
