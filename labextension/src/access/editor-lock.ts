import {
  Compartment,
  EditorState,
  Extension,
  Prec,
  StateEffect,
  StateField
} from '@codemirror/state';
import { EditorView, showTooltip, Tooltip, ViewPlugin } from '@codemirror/view';
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal } from '@lumino/signaling';

import { IHolder } from '../api/access';
import { RangeLines } from './document-access';
import { lockDecorations, lockGutter } from './lock-decorations';
import {
  findTrespass,
  isAllLocked,
  linesOf,
  locksField,
  placeLocks,
  setLocks,
  zoneAt
} from './placed-locks';
import { linesText, refusalInLocked, zoneWhy } from './wording';
import { ISpan, TextLocks } from './zones';

/** What an editor has to know of the access to its text. */
export interface IEditorLocks {
  readonly locks: TextLocks;
  readonly changed: ISignal<unknown, void>;
  /** Why nothing here can be changed. */
  readonly why: string;
  colorOf: (holder: IHolder) => string;
  /** Is told where the zones lie whenever they may have moved. */
  noteLines?: (lines: RangeLines) => void;
}

/** The text that an editor shares with the others. */
export interface ISharedString {
  readonly length: number;
  toString(): string;
}

const compartment = new Compartment();
const setNotice = StateEffect.define<Tooltip | null>();

/**
 * Keeps the person's own typing out of what isn't theirs to change, shows what is, and says why.
 *
 * Changes that come from the shared text pass: what the others do is for the server to judge.
 */
export function editorLock(
  text: ISharedString,
  source: IEditorLocks,
  trans: TranslationBundle
): Extension {
  const content = (locks: TextLocks): Extension => {
    if (isAllLocked(locks)) {
      return Prec.highest([
        EditorState.readOnly.of(true),
        EditorView.editorAttributes.of({ class: 'csx-locked-editor' })
      ]);
    }
    return locks.zones.length > 0
      ? [lockDecorations(source, trans), lockGutter(source, trans)]
      : [];
  };
  const follower = ViewPlugin.define(view => {
    const onChanged = (): void => {
      const { locks } = source;
      view.dispatch({
        effects: [
          setLocks.of(locks),
          setNotice.of(null),
          compartment.reconfigure(content(locks))
        ]
      });
    };
    source.changed.connect(onChanged);
    return { destroy: () => void source.changed.disconnect(onChanged) };
  });
  const filter = EditorState.transactionFilter.of(transaction => {
    const { docChanged, startState, newDoc } = transaction;
    const trespass = docChanged ? findTrespass(transaction) : null;
    // What comes from the shared text makes the editor the same as it. (An exchange of two equal
    // lines doesn't change the text, but would be an edit all the same.)
    const isShared = (): boolean =>
      text.length === newDoc.length &&
      !newDoc.eq(startState.doc) &&
      text.toString() === newDoc.toString();
    return trespass === null || isShared()
      ? transaction
      : { effects: refuse(startState, trespass, source, trans) };
  });
  const start = locksField.init(state => placeLocks(source.locks, state.doc));
  return [
    start,
    noticeField,
    follower,
    Prec.highest(filter),
    EditorView.domEventHandlers({
      beforeinput: (_, view) => tellReader(view, source, trans),
      paste: (_, view) => tellReader(view, source, trans),
      drop: (_, view) => tellReader(view, source, trans)
    }),
    EditorView.updateListener.of(({ state, startState }) => {
      const placed = state.field(locksField);
      if (placed !== startState.field(locksField)) {
        source.noteLines?.(
          new Map(placed.zones.map(zone => [zone.id, linesOf(state, zone)]))
        );
      }
    }),
    compartment.of(content(source.locks))
  ];
}

/** A read-only editor takes no keys by itself; say why. */
function tellReader(
  view: EditorView,
  source: IEditorLocks,
  trans: TranslationBundle
): boolean {
  const { state } = view;
  if (isAllLocked(state.field(locksField))) {
    const { from, to } = state.selection.main;
    view.dispatch({ effects: refuse(state, { from, to }, source, trans) });
  }
  return false;
}

function refuse(
  state: EditorState,
  place: ISpan,
  source: IEditorLocks,
  trans: TranslationBundle
): StateEffect<unknown>[] {
  const text = explainTrespass(state, place, source, trans);
  const isNew = state.field(noticeField) === null;
  const tooltip = notice(state.selection.main.head, text);
  return isNew
    ? [setNotice.of(tooltip), EditorView.announce.of(text)]
    : [setNotice.of(tooltip)];
}

/** Why a key did nothing there. */
export function explainTrespass(
  state: EditorState,
  place: ISpan,
  source: IEditorLocks,
  trans: TranslationBundle
): string {
  const locks = state.field(locksField);
  if (isAllLocked(locks)) {
    return source.why;
  }
  if (locks.isLocked) {
    const own = locks.zones
      .filter(zone => zone.kind === 'own')
      .map(zone => linesText(...linesOf(state, zone), trans));
    return refusalInLocked(own, trans);
  }
  const zone =
    zoneAt(state, place) ??
    zoneAt(state, { from: place.from - 1, to: place.to + 1 });
  if (zone === null) {
    return source.why;
  }
  const where = linesText(...linesOf(state, zone), trans);
  return `${trans.__('Locked for you: %1.', where)} ${zoneWhy(zone, trans)}`;
}

function notice(pos: number, text: string): Tooltip {
  return {
    pos,
    above: true,
    create: () => {
      const dom = document.createElement('div');
      dom.className = 'csx-lock-notice';
      dom.textContent = text;
      return { dom };
    }
  };
}

const noticeField = StateField.define<Tooltip | null>({
  create: () => null,
  update: (value, transaction) => {
    for (const effect of transaction.effects) {
      if (effect.is(setNotice)) {
        return effect.value;
      }
    }
    return transaction.docChanged || transaction.selection ? null : value;
  },
  provide: field => showTooltip.from(field)
});
