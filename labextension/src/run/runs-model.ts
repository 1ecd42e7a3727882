import { ISignal, Signal } from '@lumino/signaling';

import { IEventStream } from '../api/events';
import { IRun, IRunApi, IRuns, requestOf, RunRequest } from './api';

const NOTHING: IRuns = {
  runs: [],
  configurations: [],
  complaints: [],
  refusal: null,
  may_edit_configurations: false,
  may_manage_secrets: false
};
/** Several things change at once when a run ends: one look is enough. */
const LOOK_AFTER_MS = 120;
const RUN_FILE = '.codesyncx/run.toml';

/** What the model needs of the project's events. */
export type IRunEvents = Pick<IEventStream, 'received' | 'reset'>;

/** The runs that one may watch, and the one that is being looked at. */
export class RunsModel {
  constructor(
    private readonly api: IRunApi,
    events: IRunEvents
  ) {
    events.received.connect((_, { type, path }) => {
      if (type === 'run.changed' || path === RUN_FILE) {
        this.lookSoon();
      }
    });
    events.reset.connect(() => void this.load());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Another run is looked at. */
  get selectionChanged(): ISignal<this, string> {
    return this._selectionChanged;
  }

  get all(): IRuns {
    return this._all;
  }

  /** Why the runs couldn't be asked for, in words. */
  get failure(): string | null {
    return this._failure;
  }

  /** Why the last wish wasn't granted, in words. */
  get refusal(): string | null {
    return this._refusal;
  }

  get selected(): IRun | null {
    return this._all.runs.find(({ id }) => id === this._selectedId) ?? null;
  }

  select(id: string): void {
    this._selectedId = id;
    this._changed.emit();
    this._selectionChanged.emit(id);
  }

  /** Take in what is told of one run: newer than what the list says. */
  take(run: IRun): void {
    const isKnown = this._all.runs.some(({ id }) => id === run.id);
    const runs = isKnown
      ? this._all.runs.map(one => (one.id === run.id ? run : one))
      : [run, ...this._all.runs];
    this._all = { ...this._all, runs };
    this._changed.emit();
  }

  /** Ask for everything anew. */
  async load(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const turn = ++this.turn;
    try {
      const all = await this.api.list();
      if (turn === this.turn) {
        this._all = all;
        this._failure = null;
      }
    } catch (error) {
      this._failure = messageOf(error);
    }
    this._changed.emit();
  }

  /** The branch, tag or commit that new runs get the files of; empty for those of now. */
  get ref(): string {
    return this._ref;
  }

  set ref(ref: string) {
    this._ref = ref;
    this._changed.emit();
  }

  /** Start something and look at it; gives nothing where it was refused. */
  async start(what: RunRequest): Promise<IRun | null> {
    const ref = this._ref.trim();
    return this.ask(ref === '' ? what : { ...what, ref });
  }

  /** Start the same once more, on what it was started on. */
  async again(run: IRun): Promise<IRun | null> {
    return this.ask(requestOf(run));
  }

  private async ask(what: RunRequest): Promise<IRun | null> {
    this._refusal = null;
    try {
      const run = await this.api.start(what);
      this.turn += 1; // what is being asked for may not have it yet
      this.take(run);
      this.select(run.id);
      this.lookSoon();
      return run;
    } catch (error) {
      this._refusal = messageOf(error);
      this._changed.emit();
      return null;
    }
  }

  async stop(id: string): Promise<void> {
    this._refusal = null;
    try {
      await this.api.stop(id);
    } catch (error) {
      this._refusal = messageOf(error);
    }
    this._changed.emit();
  }

  dismissRefusal(): void {
    this._refusal = null;
    this._changed.emit();
  }

  private lookSoon(): void {
    this.timer ??= setTimeout(() => void this.load(), LOOK_AFTER_MS);
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _selectionChanged = new Signal<this, string>(this);
  private _all: IRuns = NOTHING;
  private _failure: string | null = null;
  private _ref = '';
  private _refusal: string | null = null;
  private _selectedId: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private turn = 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
