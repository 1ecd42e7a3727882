"""The chart of a run: bars of every server for some figures, as an SVG that needs nothing else.

It brings its own background, so that it reads well on a light and on a dark page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WIDTH, _COLUMN, _LEFT = 900, 440, 24
_BAR, _STEP, _TITLE, _GAP = 14, 20, 26, 18
_LONGEST = 250
_COLORS = ("#e8590c", "#868e96", "#1c7ed6", "#2b8a3e", "#9c36b5")
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #212529 }
.title { font-weight: 600 }
.value { font-size: 12px; fill: #495057 }
.page { fill: #ffffff; stroke: #ced4da }
@media (prefers-color-scheme: dark) {
  text { fill: #f1f3f5 }
  .value { fill: #ced4da }
  .page { fill: #212529; stroke: #495057 }
}
"""


@dataclass(frozen=True)
class Panel:
    """One figure of several servers."""

    title: str
    values: Mapping[str, float]


def draw(panels: Iterable[Panel], names: Mapping[str, str]) -> str:
    """Draw the panels in two columns; a bar's length is the logarithm of its value."""
    colors = dict(zip(names, _COLORS, strict=False))
    parts = [_legend(names, colors)]
    heights = [44.0, 44.0]
    for number, panel in enumerate(panels):
        column = number % 2
        parts.append(_panel(panel, names, colors, _LEFT + column * _COLUMN, heights[column]))
        heights[column] += _TITLE + _STEP * len(panel.values) + _GAP
    height = max(heights) + 24
    parts.append(
        f'<text class="value" x="{_LEFT}" y="{height - 16:g}">Shorter is better where nothing '
        "else is said. Scales are logarithmic: a bar twice as long is far more than twice.</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" '
        f'role="img" aria-label="Measured figures of {len(names)} servers">\n'
        f"<style>{_STYLE}</style>\n"
        f'<rect class="page" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1:g}" '
        'rx="8"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _legend(names: Mapping[str, str], colors: Mapping[str, str]) -> str:
    parts = []
    x = float(_LEFT)
    for name, shown in names.items():
        parts.append(
            f'<rect x="{x:g}" y="16" width="12" height="12" rx="2" fill="{colors[name]}"/>'
            f'<text x="{x + 18:g}" y="27">{escape(shown)}</text>'
        )
        x += 48 + 7.2 * len(shown)
    return "\n".join(parts)


def _panel(
    panel: Panel, names: Mapping[str, str], colors: Mapping[str, str], x: float, y: float
) -> str:
    shown = [(name, panel.values[name]) for name in names if name in panel.values]
    least, most = min(panel.values.values()), max(panel.values.values())
    low = math.log10(max(least, 1e-4)) - 0.5
    span = max(math.log10(max(most, 1e-4)) - low, 0.5)
    parts = [f'<text class="title" x="{x:g}" y="{y + 17:g}">{escape(panel.title)}</text>']
    for row, (name, value) in enumerate(shown):
        top = y + _TITLE + row * _STEP
        width = _LONGEST * (math.log10(max(value, 1e-4)) - low) / span
        parts.append(
            f'<rect x="{x:g}" y="{top:g}" width="{max(width, 2):.1f}" height="{_BAR}" rx="2" '
            f'fill="{colors[name]}"><title>{escape(names[name])}</title></rect>'
            f'<text class="value" x="{x + max(width, 2) + 8:.1f}" y="{top + 11:g}">'
            f"{_number(value)}</text>"
        )
    return "\n".join(parts)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
