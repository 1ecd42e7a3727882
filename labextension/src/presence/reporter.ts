import { LabShell } from '@jupyterlab/application';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry
} from '@jupyterlab/codemirror';
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { EditorView, ViewUpdate } from '@codemirror/view';
import { JSONExt } from '@lumino/coreutils';
import { DisposableSet, IDisposable } from '@lumino/disposable';

import { IActivityLimits, statusAt, Throttle } from './activity';
import { documentIn, openPaths, placeIn } from './documents';
import { Doing, IPresenceState, Status } from './protocol';
import { CLOCK } from './store';

/** A change is told at most so often. */
const INTERVAL_MS = 500;

/** Somebody who hasn't changed the text for so long reads it. */
const EDITING_MS = 8_000;

/** How often the clock alone may change the status. */
const TICK_MS = 5_000;

const INPUT_EVENTS = [
  'keydown',
  'pointerdown',
  'pointermove',
  'wheel',
  'focus'
];

export interface IReporterOptions {
  readonly shell: LabShell;
  readonly tell: (state: IPresenceState) => void;
  readonly limits: () => IActivityLimits;
  readonly following: () => string | null;
  readonly isInCall: () => boolean;
}

/** Watches what the person on this page does and tells it. */
export class Reporter implements IDisposable {
  constructor(private readonly _options: IReporterOptions) {
    this._throttle = new Throttle(
      _options.tell,
      (a, b) => JSONExt.deepEqual({ ...a }, { ...b }),
      INTERVAL_MS,
      CLOCK
    );
    this._watchInput();
    const { shell } = _options;
    shell.currentChanged.connect(this._onCurrentChanged, this);
    shell.layoutModified.connect(this.report, this);
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    NotebookActions.executed.connect(this._onExecuted, this);
    const timer = setInterval(() => this.report(), TICK_MS);
    this._cleanUp.push(() => clearInterval(timer));
    void shell.restored.then(() => this._onCurrentChanged());
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The person changed text. */
  noteEdit(): void {
    this._lastEditAt = CLOCK.now();
    this._editedWidget = this._options.shell.currentWidget?.id ?? null;
    this.report();
  }

  /** Tell what is new, if anything. */
  readonly report = (): void => {
    if (!this._isDisposed) {
      this._throttle.push(this._state());
    }
  };

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._throttle.dispose();
    clearTimeout(this._hiddenTimer);
    this._document.dispose();
    this._cleanUp.forEach(task => task());
    const { shell } = this._options;
    shell.currentChanged.disconnect(this._onCurrentChanged, this);
    shell.layoutModified.disconnect(this.report, this);
    NotebookActions.executionScheduled.disconnect(this._onScheduled, this);
    NotebookActions.executed.disconnect(this._onExecuted, this);
  }

  private _state(): IPresenceState {
    const { shell, limits, following, isInCall } = this._options;
    const status = statusAt(
      { lastInputAt: this._lastInputAt, hiddenAt: this._hiddenAt },
      CLOCK.now(),
      limits()
    );
    if (status !== this._status) {
      this._status = status;
      this._since = Math.round(CLOCK.now() / 1000);
    }
    return {
      status,
      ...placeIn(shell.currentWidget),
      doing: this._doing(),
      following: following(),
      in_call: isInCall(),
      since: this._since,
      open: openPaths(shell)
    };
  }

  private _doing(): Doing {
    if (this._running.size > 0) {
      return 'running';
    }
    const isHere =
      this._editedWidget === (this._options.shell.currentWidget?.id ?? null);
    return isHere && CLOCK.now() - this._lastEditAt < EDITING_MS
      ? 'editing'
      : 'reading';
  }

  private _watchInput(): void {
    const onInput = (): void => {
      const wasActive = this._status === 'active';
      this._lastInputAt = CLOCK.now();
      if (!wasActive) {
        this.report();
      }
    };
    const onVisibility = (): void => {
      this._hiddenAt =
        document.visibilityState === 'hidden' ? CLOCK.now() : null;
      if (this._hiddenAt === null) {
        onInput();
      } else {
        clearTimeout(this._hiddenTimer);
        this._hiddenTimer = setTimeout(
          () => this.report(),
          this._options.limits().hidden_ms
        );
      }
    };
    const options = { capture: true, passive: true };
    for (const type of INPUT_EVENTS) {
      window.addEventListener(type, onInput, options);
      this._cleanUp.push(() =>
        window.removeEventListener(type, onInput, options)
      );
    }
    document.addEventListener('visibilitychange', onVisibility);
    this._cleanUp.push(() =>
      document.removeEventListener('visibilitychange', onVisibility)
    );
  }

  private readonly _onCurrentChanged = (): void => {
    this._document.dispose();
    this._document = new DisposableSet();
    const widget = documentIn(this._options.shell.currentWidget);
    if (widget) {
      widget.context.pathChanged.connect(this.report, this);
      void widget.context.ready.then(() => this.report());
    }
    if (widget instanceof NotebookPanel) {
      widget.content.activeCellChanged.connect(this.report, this);
      widget.content.stateChanged.connect(this.report, this);
    }
    this._document.add({
      isDisposed: false,
      dispose: () => {
        widget?.context.pathChanged.disconnect(this.report, this);
        if (widget instanceof NotebookPanel) {
          widget.content.activeCellChanged.disconnect(this.report, this);
          widget.content.stateChanged.disconnect(this.report, this);
        }
      }
    });
    this.report();
  };

  private readonly _onScheduled = (
    _: unknown,
    args: { cell: object }
  ): void => {
    this._running.add(args.cell);
    this.report();
  };

  private readonly _onExecuted = (_: unknown, args: { cell: object }): void => {
    this._running.delete(args.cell);
    this.report();
  };

  private readonly _throttle: Throttle<IPresenceState>;
  private readonly _running = new Set<object>();
  private readonly _cleanUp: (() => void)[] = [];
  private _document = new DisposableSet();
  private _lastInputAt = CLOCK.now();
  private _hiddenAt: number | null = null;
  private _hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  private _lastEditAt = -Infinity;
  private _editedWidget: string | null = null;
  private _status: Status | null = null;
  private _since = 0;
  private _isDisposed = false;
}

/** Calls back when the person moves the cursor or changes text in any editor. */
export function watchEditors(
  registry: IEditorExtensionRegistry,
  onMove: () => void,
  onEdit: () => void
): void {
  const listener = EditorView.updateListener.of(update => {
    if (isOwnEdit(update)) {
      onEdit();
    } else if (update.selectionSet && update.view.hasFocus) {
      onMove();
    }
  });
  registry.addExtension({
    name: 'codesyncx-presence',
    factory: () => EditorExtensionRegistry.createImmutableExtension(listener)
  });
}

const OWN_EDITS = ['input', 'delete', 'move', 'undo', 'redo'];

function isOwnEdit(update: ViewUpdate): boolean {
  return (
    update.docChanged &&
    update.transactions.some(transaction =>
      OWN_EDITS.some(kind => transaction.isUserEvent(kind))
    )
  );
}
