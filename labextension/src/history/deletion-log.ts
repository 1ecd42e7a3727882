import type { YBaseCell, YFile, YNotebook } from '@jupyter/ydoc';
import type * as nbformat from '@jupyterlab/nbformat';
import { UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import * as Y from 'yjs';

import {
  deletedCells,
  gonePieces,
  IGonePiece,
  offsetIn,
  textOf
} from './deleted-items';

/** Text that this person deleted here; `anchor` still finds the place after later edits. */
export interface IDeletedText {
  type: 'text';
  id: string;
  time: number;
  text: string;
  anchor: Y.RelativePosition;
  /** Earlier deletions whose place was in this text, to find it again when this comes back. */
  within: { deletion: Deletion; offset: number }[];
}

/** A cell that this person deleted here. */
export interface IDeletedCell {
  type: 'cell';
  id: string;
  time: number;
  text: string;
  cell: nbformat.ICell;
  anchor: Y.RelativePosition;
}

export type Deletion = IDeletedText | IDeletedCell;

const MOST_DELETIONS = 200;
const MOST_CHARACTERS = 2_000_000;
/** Keys pressed within this time are one deletion. */
const TOGETHER_WITHIN_MS = 3_000;
/** Typing errors are not worth a list. */
const SHORTEST_SHOWN = 3;

/**
 * What one person deleted in one document since it was opened, to put back as an ordinary edit.
 *
 * Reads the text from the Yjs items in the very transaction that deletes them, before they are
 * collected; so it needs no copy of the document.
 */
export class DeletionLog {
  constructor(
    private readonly document: YFile | YNotebook,
    private readonly now: () => number = Date.now
  ) {
    if ('ysource' in document) {
      this.source = document.ysource;
      this.source.observe(this.onText);
    } else {
      this.cells = document.ydoc.getArray<Y.Map<unknown>>('cells');
      this.cells.observeDeep(this.onCells);
    }
    document.disposed.connect(() => this.dispose());
  }

  /** Emitted when the list changes. */
  get changed(): ISignal<this, void> {
    return this.changedSignal;
  }

  /** What can be put back, newest first. */
  list(): Deletion[] {
    return this.deletions
      .filter(
        deletion =>
          deletion.type === 'cell' ||
          deletion.text.trim().length >= SHORTEST_SHOWN
      )
      .reverse();
  }

  /** Put one deletion back where it was; false when its place is gone. */
  restore(deletion: Deletion): boolean {
    const place = Y.createAbsolutePositionFromRelativePosition(
      deletion.anchor,
      this.document.ydoc
    );
    if (place === null) {
      return false;
    }
    if (deletion.type === 'cell') {
      this.document.undoManager.stopCapturing();
      (this.document as YNotebook).insertCell(place.index, deletion.cell);
    } else {
      const model = textModel(this.document, place.type);
      if (model === null) {
        return false;
      }
      model.undoManager?.stopCapturing();
      model.updateSource(place.index, place.index, deletion.text);
      model.undoManager?.stopCapturing();
      for (const { deletion: earlier, offset } of deletion.within) {
        earlier.anchor = Y.createRelativePositionFromTypeIndex(
          model.ysource,
          place.index + offset,
          -1
        );
      }
    }
    this.deletions = this.deletions.filter(other => other !== deletion);
    this.changedSignal.emit();
    return true;
  }

  private readonly onText = (
    event: Y.YTextEvent,
    transaction: Y.Transaction
  ): void => {
    if (isOwn(transaction)) {
      this.readText(event, event.target);
    }
  };

  private readonly onCells = (
    events: Y.YEvent<Y.AbstractType<unknown>>[],
    transaction: Y.Transaction
  ): void => {
    if (!isOwn(transaction)) {
      return;
    }
    for (const event of events) {
      if (event instanceof Y.YTextEvent) {
        this.readText(event, event.target);
      } else if (event.target === (this.cells as unknown)) {
        this.readCells(event);
      }
    }
  };

  private readText(event: Y.YTextEvent, text: Y.Text): void {
    if (event.changes.delta.every(change => change.delete === undefined)) {
      return;
    }
    const pieces = gonePieces(text, event);
    const gone = textOf(pieces);
    let index = 0;
    let taken = 0;
    for (const change of event.changes.delta) {
      if (change.retain !== undefined) {
        index += change.retain;
      } else if (typeof change.insert === 'string') {
        index += change.insert.length;
      } else if (change.delete !== undefined) {
        const end = taken + change.delete;
        const within = this.within(pieces, taken, end);
        this.addText(text, index, gone.slice(taken, end), within);
        taken = end;
      }
    }
    this.changedSignal.emit();
  }

  /** The deletions whose place lies between two offsets of the deleted text. */
  private within(
    pieces: IGonePiece[],
    from: number,
    to: number
  ): IDeletedText['within'] {
    return this.deletions.flatMap(deletion => {
      const offset = offsetIn(pieces, deletion.anchor);
      return offset !== null && offset > from && offset <= to
        ? [{ deletion, offset: offset - from }]
        : [];
    });
  }

  private addText(
    text: Y.Text,
    index: number,
    gone: string,
    within: IDeletedText['within']
  ): void {
    const time = this.now();
    const last = this.deletions.at(-1);
    const isTogether =
      last?.type === 'text' &&
      this.lastText === text &&
      time - last.time < TOGETHER_WITHIN_MS;
    const anchor = Y.createRelativePositionFromTypeIndex(text, index, -1);
    if (isTogether && index === this.lastIndex) {
      last.within.push(...shifted(within, last.text.length));
      last.text += gone;
      last.time = time;
    } else if (isTogether && index + gone.length === this.lastIndex) {
      const others = within.filter(({ deletion }) => deletion !== last);
      last.within = [...others, ...shifted(last.within, gone.length)];
      last.text = gone + last.text;
      last.time = time;
      last.anchor = anchor;
    } else {
      const id = UUID.uuid4();
      this.add({ type: 'text', id, time, text: gone, anchor, within });
    }
    this.lastText = text;
    this.lastIndex = index;
  }

  private readCells(event: Y.YEvent<Y.AbstractType<unknown>>): void {
    const cells = this.cells as Y.Array<Y.Map<unknown>>;
    for (const { index, cell } of deletedCells(event, cells)) {
      const anchor = Y.createRelativePositionFromTypeIndex(cells, index, -1);
      const text = String(cell.source);
      const time = this.now();
      this.add({ type: 'cell', id: UUID.uuid4(), time, text, cell, anchor });
    }
    this.changedSignal.emit();
  }

  private add(deletion: Deletion): void {
    this.deletions.push(deletion);
    let size = this.deletions.reduce((sum, one) => sum + one.text.length, 0);
    while (
      this.deletions.length > 1 &&
      (size > MOST_CHARACTERS || this.deletions.length > MOST_DELETIONS)
    ) {
      size -= this.deletions[0].text.length;
      this.deletions.shift();
    }
  }

  private dispose(): void {
    this.source?.unobserve(this.onText);
    this.cells?.unobserveDeep(this.onCells);
    Signal.clearData(this);
  }

  private readonly source?: Y.Text;
  private readonly cells?: Y.Array<Y.Map<unknown>>;
  private deletions: Deletion[] = [];
  private lastText: Y.Text | null = null;
  private lastIndex = -1;
  private readonly changedSignal = new Signal<this, void>(this);
}

/** Whether this person made the change, other than by undo (which redo brings back). */
function isOwn(transaction: Y.Transaction): boolean {
  return transaction.local && !(transaction.origin instanceof Y.UndoManager);
}

function shifted(
  within: IDeletedText['within'],
  by: number
): IDeletedText['within'] {
  return within.map(({ deletion, offset }) => ({
    deletion,
    offset: offset + by
  }));
}

/** The file or cell whose text `text` is. */
function textModel(
  document: YFile | YNotebook,
  text: Y.AbstractType<unknown>
): YFile | YBaseCell<nbformat.IBaseCellMetadata> | null {
  if ('ysource' in document) {
    return document;
  }
  return (
    document.cells.find(cell => cell.ysource === (text as unknown)) ?? null
  );
}
