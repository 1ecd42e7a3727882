import { JSONExt, ReadonlyJSONValue } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { IPathAccess, IRange } from '../api/access';
import { isNotebook, SharedDocument } from '../history/shared-documents';
import { AccessModel } from './access-model';
import {
  NotebookLocks,
  notebookLocks,
  sliceOf,
  TextLocks,
  textLocks
} from './zones';

/** The first and the last line of ranges, by their ids. */
export type RangeLines = ReadonlyMap<string, readonly [number, number]>;

/** What I may do with one open document, wherever it is renamed to. */
export class DocumentAccess {
  constructor(
    private readonly document: SharedDocument,
    private readonly model: AccessModel,
    private readonly pathOf: () => string
  ) {
    this._path = pathOf();
    this.unwatch = model.watch(this._path);
    this.take();
    model.changed.connect(this.onChanged);
    document.disposed.connect(() => {
      model.changed.disconnect(this.onChanged);
      this.unwatch();
      Signal.clearData(this);
    });
  }

  /** It is another access than before. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get path(): string {
    return this._path;
  }

  /** The lines of ranges moved with the text. */
  get moved(): ISignal<this, void> {
    return this._moved;
  }

  /** As {@link access}, with the lines of ranges as the editor counts them now. */
  get current(): IPathAccess | null | undefined {
    const access = this._access;
    return (
      access && {
        ...access,
        ranges: access.ranges.map(range => {
          const lines = this.lines.get(range.id);
          return lines && range.start_line !== undefined
            ? { ...range, start_line: lines[0], end_line: lines[1] }
            : range;
        })
      }
    );
  }

  /** Say where ranges lie in the text now. */
  noteLines(lines: RangeLines): void {
    const isSame =
      lines.size === this.lines.size &&
      [...lines].every(([id, [start, end]]) => {
        const known = this.lines.get(id);
        return known?.[0] === start && known[1] === end;
      });
    if (!isSame) {
      this.lines = lines;
      this._moved.emit();
    }
  }

  /** Undefined while nothing is known, null when I don't reach it. */
  get access(): IPathAccess | null | undefined {
    return this._access;
  }

  /** The range that this document is, when it isn't a whole file. */
  get slice(): IRange | null {
    return sliceOf(this._access, this._path);
  }

  get text(): TextLocks {
    return this._text;
  }

  get notebook(): NotebookLocks {
    return this._notebook;
  }

  /** Whether I may change all of it, some of it or nothing. */
  get reach(): 'all' | 'some' | 'nothing' {
    const { isLocked, zones } = isNotebook(this.document)
      ? this._notebook
      : this._text;
    const kinds = new Set(zones.map(zone => zone.kind));
    if (isLocked) {
      return kinds.has('own') ? 'some' : 'nothing';
    }
    return kinds.has('locked') ? 'some' : 'all';
  }

  private readonly onChanged = (): void => {
    const path = this.pathOf();
    if (path !== this._path) {
      this.unwatch();
      this._path = path;
      this.unwatch = this.model.watch(path);
    }
    const before = this.reach;
    if (this.take()) {
      if (before === 'all' && this.reach !== before) {
        // Undoing what was written before would now be refused.
        this.document.clearUndoHistory();
      }
      this._changed.emit();
    }
  };

  private take(): boolean {
    const access = this.model.access(this._path);
    if (access === undefined || isSame(access, this._access)) {
      return false;
    }
    this._access = access;
    this.lines = new Map();
    this._text = textLocks(access);
    this._notebook = notebookLocks(access);
    return true;
  }

  private lines: RangeLines = new Map();
  private _path: string;
  private unwatch: () => void;
  private _access: IPathAccess | null | undefined = undefined;
  private _text = textLocks(undefined);
  private _notebook = notebookLocks(undefined);
  private readonly _changed = new Signal<this, void>(this);
  private readonly _moved = new Signal<this, void>(this);
}

function isSame(
  one: IPathAccess | null,
  other: IPathAccess | null | undefined
): boolean {
  return (
    other !== undefined &&
    JSONExt.deepEqual(
      one as unknown as ReadonlyJSONValue,
      other as unknown as ReadonlyJSONValue
    )
  );
}

/** The access to each open document. */
export class DocumentAccesses {
  constructor(
    private readonly model: AccessModel,
    private readonly pathOf: (document: SharedDocument) => string | null
  ) {}

  /** In one of the documents the lines of ranges moved. */
  get moved(): ISignal<this, void> {
    return this._moved;
  }

  /** Null for a document that nobody shares. */
  of(document: SharedDocument): DocumentAccess | null {
    const known = this.known.get(document);
    if (known !== undefined) {
      return known;
    }
    if (this.pathOf(document) === null) {
      return null;
    }
    const access = new DocumentAccess(
      document,
      this.model,
      () => this.pathOf(document) ?? ''
    );
    this.known.set(document, access);
    access.moved.connect(() => this._moved.emit());
    return access;
  }

  private readonly known = new WeakMap<SharedDocument, DocumentAccess>();
  private readonly _moved = new Signal<this, void>(this);
}
