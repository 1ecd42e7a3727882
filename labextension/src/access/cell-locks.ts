import type { YNotebook } from '@jupyter/ydoc';
import { Cell } from '@jupyterlab/cells';
import { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { IHolder } from '../api/access';
import { documentOf, isNotebook } from '../history/shared-documents';
import { tell } from './command-guard';
import { DocumentAccess } from './document-access';
import { IEditorLocks } from './editor-lock';
import { lockIcon, pencilIcon } from './icons';
import { zoneLabel, zoneWhy } from './wording';
import { ICellZone, isCellFree, TextLocks, zoneOfCell } from './zones';

const CLASSES = ['own', 'locked', 'other'].map(kind => `csx-cell-${kind}`);

/** The lock of a cell's editor: open or shut as a whole. */
export class CellLocks implements IEditorLocks {
  constructor(
    private readonly cellId: () => string,
    private readonly access: DocumentAccess,
    private readonly trans: TranslationBundle
  ) {
    this.wasLocked = this.locks.isLocked;
    access.changed.connect(this.onChanged);
  }

  get locks(): TextLocks {
    const isFree = isCellFree(this.access.notebook, this.cellId());
    return { isLocked: !isFree, zones: [] };
  }

  /** Nobody's colours are drawn within a cell. */
  readonly colorOf = (): string => '';

  get why(): string {
    return cellWhy(this.access, this.cellId(), this.trans);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  private readonly onChanged = (): void => {
    const { isLocked } = this.locks;
    if (isLocked !== this.wasLocked) {
      this.wasLocked = isLocked;
      this._changed.emit();
    }
  };

  private readonly _changed = new Signal<this, void>(this);
  private wasLocked: boolean;
}

/** Why a cell can't be changed. */
export function cellWhy(
  { notebook, reach }: DocumentAccess,
  cellId: string,
  trans: TranslationBundle
): string {
  const zone = zoneOfCell(notebook, cellId);
  if (zone !== null && zone.holders.length > 0) {
    return `${trans.__('This cell is locked for you.')} ${zoneWhy(zone, trans)}`;
  }
  return reach === 'some'
    ? trans.__('You can change only the cells that are marked as yours.')
    : trans.__('You can read this notebook, not change it.');
}

/** Marks the cells of a notebook, and keeps the person from moving or deleting locked ones. */
export function lockCells(
  panel: NotebookPanel,
  access: DocumentAccess,
  colorOf: (holder: IHolder) => string,
  trans: TranslationBundle
): void {
  const { content } = panel;
  const mark = (): void => markCells(content, access, colorOf, trans);
  access.changed.connect(mark);
  content.modelContentChanged.connect(mark);
  content.modelChanged.connect(mark);
  panel.disposed.connect(() => access.changed.disconnect(mark));
  const document = documentOf(panel);
  if (document !== null && isNotebook(document)) {
    guardCells(document, access, trans);
  }
  mark();
}

function markCells(
  notebook: Notebook,
  access: DocumentAccess,
  colorOf: (holder: IHolder) => string,
  trans: TranslationBundle
): void {
  const { isLocked, zones } = access.notebook;
  const isMixed = zones.length > 0;
  let above: ICellZone | null = null;
  for (const cell of notebook.widgets) {
    const zone = zoneOfCell(access.notebook, cell.model.id);
    const kind =
      isLocked && isMixed && zone?.kind !== 'own'
        ? 'locked'
        : (zone?.kind ?? null);
    const isFirst = zone !== null && zone.id !== above?.id;
    markCell(cell, kind, isFirst ? zone : null, colorOf, trans);
    above = zone;
  }
}

function markCell(
  cell: Cell,
  kind: 'own' | 'locked' | 'other' | null,
  zone: ICellZone | null,
  colorOf: (holder: IHolder) => string,
  trans: TranslationBundle
): void {
  const { node } = cell;
  CLASSES.forEach(name =>
    node.classList.toggle(name, name === `csx-cell-${kind}`)
  );
  const count = zone?.cellIds.length ?? 0;
  const where = trans._n('this cell', '%1 cells', count);
  const text = zone === null ? '' : zoneLabel(zone, where, trans);
  let label = node.querySelector<HTMLElement>(':scope > .csx-cell-label');
  const holder = zone?.holders.at(0);
  node.style.setProperty(
    '--csx-zone-color',
    kind === 'other' && holder ? colorOf(holder) : null
  );
  if (text === '' && kind !== 'locked') {
    label?.remove();
    return;
  }
  if (label === null) {
    label = document.createElement('div');
    node.append(label);
  }
  const key = `${kind} ${text}`;
  if (label.dataset.key === key) {
    return;
  }
  label.dataset.key = key;
  label.className = `csx-cell-label csx-mod-${kind}`;
  const icon = kind === 'locked' ? lockIcon : pencilIcon;
  label.replaceChildren(
    icon.element({ tag: 'span', className: 'csx-zone-icon' }),
    text || trans.__('Locked')
  );
}

/** Refuse what would change locked cells, whichever way it comes: menus, keys or dragging. */
function guardCells(
  notebook: YNotebook,
  access: DocumentAccess,
  trans: TranslationBundle
): void {
  if (guarded.has(notebook)) {
    return;
  }
  guarded.add(notebook);
  const insertCells = notebook.insertCells.bind(notebook);
  const moveCells = notebook.moveCells.bind(notebook);
  const deleteCellRange = notebook.deleteCellRange.bind(notebook);
  const findLocked = (from: number, to: number): string | null => {
    const cells = notebook.cells.slice(from, to);
    const locked = cells.find(
      cell => !isCellFree(access.notebook, cell.getId())
    );
    return locked?.getId() ?? null;
  };
  const refuse = (cellId: string): void => tell(cellWhy(access, cellId, trans));
  notebook.insertCells = (index, cells) => {
    if (access.notebook.isLocked) {
      refuse('');
      return [];
    }
    return insertCells(index, cells);
  };
  notebook.moveCells = (from, to, count = 1) => {
    const locked = access.notebook.isLocked
      ? ''
      : findLocked(from, from + count);
    if (locked !== null) {
      refuse(locked);
      return;
    }
    moveCells(from, to, count);
  };
  notebook.deleteCellRange = (from, to) => {
    const locked = access.notebook.isLocked ? '' : findLocked(from, to);
    if (locked !== null) {
      refuse(locked);
      return;
    }
    deleteCellRange(from, to);
  };
}

const guarded = new WeakSet<YNotebook>();
