import { ISignal, Signal } from '@lumino/signaling';
import { IDisposable } from '@lumino/disposable';
import type { Awareness } from 'y-protocols/awareness';

import { IClock } from './activity';
import {
  IClient,
  IPerson,
  IVisitor,
  mergePeople,
  readClient,
  visitorsByPath
} from './people';
import { IPresenceState, STATE_KEY } from './protocol';

/** Changes that come within so many milliseconds are told as one. */
const GATHER_MS = 100;

interface IChange {
  readonly added: number[];
  readonly updated: number[];
  readonly removed: number[];
}

/** The people of the project, read from the global awareness. */
export class PeopleStore implements IDisposable {
  constructor(
    private readonly _awareness: Awareness,
    private readonly _clock: IClock
  ) {
    for (const id of _awareness.getStates().keys()) {
      this._read(id);
    }
    _awareness.on('change', this._onChange);
    this._schedule();
  }

  /** People came, left, moved or changed what they do. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Everybody who is here, me first. */
  get people(): readonly IPerson[] {
    return this._people;
  }

  get me(): IPerson | null {
    return this._people.find(person => person.isMe) ?? null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The others who have a document open, or a document in a folder. */
  visitors(path: string): readonly IVisitor[] {
    this._visitors ??= visitorsByPath(this._people);
    return this._visitors.get(path) ?? [];
  }

  /** Say which of the people I am. */
  setMe(username: string): void {
    this._username = username;
    this._schedule();
  }

  /** Let everything that shows people draw itself again. */
  refresh(): void {
    this._schedule();
  }

  /** Tell the others my state. */
  tell(state: IPresenceState): void {
    this._awareness.setLocalStateField(STATE_KEY, state);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._awareness.off('change', this._onChange);
    this._cancel?.();
    Signal.clearData(this);
  }

  private readonly _onChange = (change: IChange): void => {
    [...change.added, ...change.updated].forEach(id => this._read(id));
    change.removed.forEach(id => this._clients.delete(id));
    this._schedule();
  };

  private _read(id: number): void {
    const state = this._awareness.getStates().get(id);
    const client = state ? readClient(id, state, this._clock.now()) : null;
    if (client) {
      this._clients.set(id, client);
    } else {
      this._clients.delete(id);
    }
  }

  private _schedule(): void {
    this._cancel ??= this._clock.later(() => {
      this._cancel = null;
      this._people = mergePeople(this._clients.values(), this._username);
      this._visitors = null;
      this._changed.emit();
    }, GATHER_MS);
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _clients = new Map<number, IClient>();
  private _people: readonly IPerson[] = [];
  private _visitors: Map<string, IVisitor[]> | null = null;
  private _username = '';
  private _cancel: (() => void) | null = null;
  private _isDisposed = false;
}

/** The browser's clock. */
export const CLOCK: IClock = {
  now: () => Date.now(),
  later: (task, delayMs) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  }
};
