"""What a run says: the table for the documentation, and the figures that the chart draws."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.chart import Panel, draw
from benchmarks.contestants import HOCUSPOCUS, OURS, STOCK, Y_WEBSOCKET

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {
    OURS: "CodeSyncX",
    STOCK: "jupyter-collaboration 5.0.4",
    Y_WEBSOCKET: "y-websocket 1.5 + LevelDB",
    HOCUSPOCUS: "Hocuspocus 4.7 + SQLite",
}
_CRASH = "crash: "


@dataclass(frozen=True)
class Row:
    """One line of the table: a scenario's figure, and what is to be reached."""

    title: str
    case: str
    key: str
    reach: float | None = None
    is_more_better: bool = False


ROWS = (
    Row("1 room x 30: p99, ms", "1x30", "p99_ms", 8),
    Row("CPU s per 1,000 deliveries", "1x30", "cpu_s_per_1000", 0.035),
    Row("1 room x 100: p99, ms", "1x100", "p99_ms", 20),
    Row("CPU s per 1,000 deliveries", "1x100", "cpu_s_per_1000", 0.018),
    Row("10 rooms x 10: p99, ms", "10x10", "p99_ms", 6),
    Row("CPU s per 1,000 deliveries", "10x10", "cpu_s_per_1000", 0.070),
    Row("30 that echo awareness: p99, ms", "30 echoing", "p99_ms", 8),
    Row("CPU s per 1,000 deliveries", "30 echoing", "cpu_s_per_1000", 0.085),
    Row("Most writers, p99 < 200 ms", "writers", "writers", 200, is_more_better=True),
    Row("Most writers that echo", "writers echoing", "writers", 200, is_more_better=True),
    Row("Late join to 100,000 edits, in memory: ms", "late join", "warm_ms", 20),
    Row("The same, after a start: ms", "late join", "cold_ms", 60),
    Row("100 joins in a second: p99, ms", "storm", "p99_ms", 15),
    Row("Disk per edit at 1 x 10: bytes", "disk", "bytes_per_edit", 2000),
    Row("Oldest the file gets while typing: s", "file age", "max_s", 2),
)
_PANELS = (
    ("30 people in one room: p99, ms", ROWS[0]),
    ("… CPU seconds per 1,000 deliveries", ROWS[1]),
    ("100 people in one room: p99, ms", ROWS[2]),
    ("10 rooms of 10: p99, ms", ROWS[4]),
    ("30 that echo awareness: p99, ms", ROWS[6]),
    ("… CPU seconds per 1,000 deliveries", ROWS[7]),
    ("Most writers under 200 ms (more is better)", ROWS[8]),
    ("Joining a document of 100,000 edits: ms", ROWS[10]),
)


def report(results: dict[str, Any], chart: Path) -> None:
    """Print the table in Markdown and draw the chart."""
    print("\n".join(table(results["results"])))
    panels = [Panel(title, figures(results["results"], row)) for title, row in _PANELS]
    chart.write_text(draw([panel for panel in panels if panel.values], NAMES))


def figure(outcomes: list[dict[str, Any] | None], key: str) -> float | None:
    """Give the median over the rounds."""
    values = [one[key] for one in outcomes if one is not None and one.get(key) is not None]
    return statistics.median(values) if values else None


def figures(results: dict[str, Any], row: Row) -> dict[str, float]:
    """Give each server's figure."""
    found = {
        name: figure(outcomes, row.key) for name, outcomes in results.get(row.case, {}).items()
    }
    return {name: value for name, value in found.items() if value is not None}


def table(results: dict[str, Any]) -> list[str]:
    """Write the figures, and the crashes, as Markdown."""
    lines = [
        f"| | reach | {' | '.join(NAMES.values())} | ours : best other |",
        "|---|---|" + "---|" * (len(NAMES) + 1),
    ]
    for row in ROWS:
        values = figures(results, row)
        outcomes = results.get(row.case, {})
        cells = [_cell(values.get(name), outcomes.get(name)) for name in NAMES]
        reach = f"{'≥' if row.is_more_better else '≤'} {_shown(row.reach)}"
        lines.append(f"| {row.title} | {reach} | {' | '.join(cells)} | {_ratio(row, values)} |")
    lines += [
        "",
        f"| killed while … | {' | '.join(NAMES.values())} |",
        "|---|" + "---|" * len(NAMES),
    ]
    for case, outcomes in results.items():
        if case.startswith(_CRASH):
            cells = [_lost(outcomes.get(name)) for name in NAMES]
            lines.append(f"| {case.removeprefix(_CRASH)} | {' | '.join(cells)} |")
    return lines


def _ratio(row: Row, values: dict[str, float]) -> str:
    others = [value for name, value in values.items() if name != OURS]
    if OURS not in values or not others:
        return "-"
    best = max(others) if row.is_more_better else min(others)
    return f"{values[OURS] / best:.2f}" if best else "-"


def _lost(outcomes: list[dict[str, Any] | None] | None) -> str:
    """Write lost of acknowledged / there twice / differing, the sum over the rounds."""
    rounds = [one for one in outcomes or [] if one is not None]
    if not rounds:
        return "-"
    lost, seen, twice, differ = (
        sum(one[key] for one in rounds)
        for key in ("lost", "acknowledged", "duplicated", "diverged")
    )
    return f"{lost} of {seen} / {twice} / {differ}"


def _cell(value: float | None, outcomes: list[dict[str, Any] | None] | None) -> str:
    if value is None and any(one and "collapsed" in one for one in outcomes or ()):
        return "collapses"
    return _shown(value)


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if value < 1 else f"{value:.3g}"
