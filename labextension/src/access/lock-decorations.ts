import { EditorState, Extension, RangeSetBuilder } from '@codemirror/state';
import {
  BlockInfo,
  Decoration,
  DecorationSet,
  EditorView,
  gutter,
  GutterMarker,
  ViewPlugin,
  WidgetType
} from '@codemirror/view';
import { TranslationBundle } from '@jupyterlab/translation';

import { IHolder } from '../api/access';
import { lockIcon, pencilIcon } from './icons';
import {
  kindOfLine,
  linesOf,
  locksField,
  setLocks,
  zoneAt
} from './placed-locks';
import { linesText, refusalInLocked, zoneLabel, zoneWhy } from './wording';
import { IPlacedZone, ZoneKind } from './zones';

/** What is drawn takes its colours from. */
export interface IZoneColors {
  colorOf: (holder: IHolder) => string;
}

/** A background for lines that are locked, and a label at the edge of each zone. */
export function lockDecorations(
  colors: IZoneColors,
  trans: TranslationBundle
): Extension {
  const labels = EditorView.decorations.compute(['doc', locksField], state =>
    drawLabels(state, colors, trans)
  );
  const lines = ViewPlugin.define(
    view => ({
      decorations: drawLines(view, colors),
      update(update) {
        const isMoved = update.docChanged || update.viewportChanged;
        const isNew = update.transactions.some(one =>
          one.effects.some(effect => effect.is(setLocks))
        );
        if (isMoved || isNew) {
          this.decorations = drawLines(update.view, colors);
        }
      }
    }),
    { decorations: plugin => plugin.decorations }
  );
  return [labels, lines];
}

function drawLines(view: EditorView, colors: IZoneColors): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const { state } = view;
  for (const { from, to } of view.visibleRanges) {
    for (let position = from; position <= to;) {
      const line = state.doc.lineAt(position);
      const kind = kindOfLine(state, line);
      if (kind !== null) {
        builder.add(line.from, line.from, lineStyle(state, line, kind, colors));
      }
      position = line.to + 1;
    }
  }
  return builder.finish();
}

function lineStyle(
  state: EditorState,
  line: { from: number; to: number },
  kind: ZoneKind | 'rest',
  colors: IZoneColors
): Decoration {
  const zone = kind === 'rest' ? null : zoneAt(state, line);
  const isLast = zone !== null && zone.to <= line.to;
  const holder = zone?.holders.at(0);
  const color = kind === 'other' && holder ? colors.colorOf(holder) : null;
  return Decoration.line({
    class: `csx-zone-line csx-mod-${kind}${isLast ? ' csx-mod-last' : ''}`,
    attributes: color ? { style: `--csx-zone-color: ${color}` } : undefined
  });
}

function drawLabels(
  state: EditorState,
  colors: IZoneColors,
  trans: TranslationBundle
): DecorationSet {
  const { zones } = state.field(locksField);
  const labels = [...zones]
    .sort((a, b) => a.from - b.from)
    .map(zone => {
      const where = linesText(...linesOf(state, zone), trans);
      const widget = new ZoneLabel(zone, zoneLabel(zone, where, trans), colors);
      const { from } = state.doc.lineAt(zone.from);
      return Decoration.widget({ widget, block: true, side: -1 }).range(from);
    });
  return Decoration.set(labels, true);
}

/** What stands above the first line of a zone. */
class ZoneLabel extends WidgetType {
  constructor(
    private readonly zone: IPlacedZone,
    private readonly text: string,
    colors: IZoneColors
  ) {
    super();
    const holder = zone.holders.at(0);
    this.color = zone.kind === 'other' && holder ? colors.colorOf(holder) : '';
  }

  override eq(other: ZoneLabel): boolean {
    return (
      other.text === this.text &&
      other.zone.kind === this.zone.kind &&
      other.color === this.color
    );
  }

  override toDOM(): HTMLElement {
    const dom = document.createElement('div');
    dom.className = `csx-zone-label csx-mod-${this.zone.kind}`;
    dom.style.setProperty('--csx-zone-color', this.color || null);
    const icon = this.zone.kind === 'locked' ? lockIcon : pencilIcon;
    dom.append(icon.element({ tag: 'span', className: 'csx-zone-icon' }));
    dom.append(this.text);
    return dom;
  }

  override ignoreEvent(): boolean {
    return false;
  }

  private readonly color: string;
}

/** A margin that says line by line what may be touched, with a padlock where a lock begins. */
export function lockGutter(
  colors: IZoneColors,
  trans: TranslationBundle
): Extension {
  return gutter({
    class: 'csx-lock-gutter',
    renderEmptyElements: true,
    initialSpacer: () => new LockMarker('rest', true, '', ''),
    lineMarker: (view, block) => markLine(view, block, colors, trans),
    lineMarkerChange: update =>
      update.transactions.some(one =>
        one.effects.some(effect => effect.is(setLocks))
      )
  });
}

function markLine(
  { state }: EditorView,
  block: BlockInfo,
  colors: IZoneColors,
  trans: TranslationBundle
): GutterMarker | null {
  const line = state.doc.lineAt(block.from);
  const kind = kindOfLine(state, line);
  if (kind === null) {
    return null;
  }
  const zone = kind === 'rest' ? null : zoneAt(state, line);
  const above = line.number > 1 ? state.doc.line(line.number - 1) : null;
  const isFirst =
    above === null ||
    kindOfLine(state, above) !== kind ||
    (zone !== null && zone.from >= line.from);
  const holder = zone?.holders.at(0);
  const color = kind === 'other' && holder ? colors.colorOf(holder) : '';
  return new LockMarker(kind, isFirst, tell(state, zone, trans), color);
}

/** What a line's mark says when one points at it. */
function tell(
  state: EditorState,
  zone: IPlacedZone | null,
  trans: TranslationBundle
): string {
  if (zone === null) {
    const own = state
      .field(locksField)
      .zones.filter(one => one.kind === 'own')
      .map(one => linesText(...linesOf(state, one), trans));
    return refusalInLocked(own, trans);
  }
  const label = zoneLabel(
    zone,
    linesText(...linesOf(state, zone), trans),
    trans
  );
  return zone.kind === 'locked' ? `${label}. ${zoneWhy(zone, trans)}` : label;
}

class LockMarker extends GutterMarker {
  constructor(
    private readonly kind: ZoneKind | 'rest',
    private readonly isFirst: boolean,
    private readonly text: string,
    private readonly color: string
  ) {
    super();
  }

  override eq(other: LockMarker): boolean {
    return (
      this.kind === other.kind &&
      this.isFirst === other.isFirst &&
      this.text === other.text &&
      this.color === other.color
    );
  }

  override toDOM(): HTMLElement {
    const element = document.createElement('span');
    element.className = `csx-lock-mark csx-mod-${this.kind}`;
    element.title = this.text;
    element.style.setProperty('--csx-zone-color', this.color || null);
    if (this.isFirst && (this.kind === 'rest' || this.kind === 'locked')) {
      element.append(lockIcon.element({ tag: 'span' }));
    }
    return element;
  }
}
