"""What a run says: the table for the documentation, and the figures that the chart draws."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from benchmarks.calls.servers import JANUS, JANUS_TUNED, NAMES, NATIVE, OURS
from benchmarks.chart import Panel, draw

if TYPE_CHECKING:
    from pathlib import Path

ROWS = (
    ("14 people and a screen: µs of CPU per packet", "meeting", "us_per_packet"),
    ("… cores", "meeting", "server_cores"),
    ("… packets/s forwarded", "meeting", "packets_per_s"),
    ("… forwarding, p50 ms", "meeting", "p50_ms"),
    ("… forwarding, p99 ms", "meeting", "p99_ms"),
    ("… lost, %", "meeting", "loss_percent"),
    ("Lecture to 100: µs of CPU per packet", "lecture", "us_per_packet"),
    ("… cores", "lecture", "server_cores"),
    ("… packets/s forwarded", "lecture", "packets_per_s"),
    ("… forwarding, p50 ms", "lecture", "p50_ms"),
    ("… forwarding, p99 ms", "lecture", "p99_ms"),
    ("… lost, %", "lecture", "loss_percent"),
    ("30 people, sound only: cores", "seminar", "server_cores"),
    ("… packets/s forwarded", "seminar", "packets_per_s"),
    ("… forwarding, p99 ms", "seminar", "p99_ms"),
    ("Joining: first sound and picture, p50 ms", "joins", "first_packets_p50_ms"),
    ("… CPU ms per join", "joins", "cpu_ms_per_join"),
    ("… MB per join", "joins", "mb_per_join"),
    ("… a picture decoded in Chromium, p50 ms", "chromium", "first_picture_p50_ms"),
    ("… a picture decoded in Chromium, at most ms", "chromium", "first_picture_max_ms"),
)
_PANELS = (
    ("14 people and a screen: µs per packet", "meeting", "us_per_packet"),
    ("Lecture to 100: µs per packet", "lecture", "us_per_packet"),
    ("14 people and a screen: cores", "meeting", "server_cores"),
    ("30 people, sound only: cores", "seminar", "server_cores"),
    ("14 people: forwarding, p99 ms", "meeting", "p99_ms"),
    ("Lecture to 100: forwarding, p99 ms", "lecture", "p99_ms"),
    ("CPU ms per join", "joins", "cpu_ms_per_join"),
    ("MB per join", "joins", "mb_per_join"),
)


def report(found: dict[str, Any], chart: Path) -> None:
    """Print the table in Markdown and draw the chart."""
    results = found["calls"]["results"]
    print("\n".join(table(results)))
    panels = [Panel(title, _figures(results, case, key)) for title, case, key in _PANELS]
    chart.write_text(draw([panel for panel in panels if panel.values], NAMES))


def table(results: dict[str, Any]) -> list[str]:
    """Write the medians as Markdown."""
    lines = [
        f"| | {' | '.join(NAMES.values())} | ours : best Janus | native : best Janus |",
        f"|{'---|' * (len(NAMES) + 3)}",
    ]
    for title, case, key in ROWS:
        values = _figures(results, case, key)
        cells = " | ".join(_shown(values.get(name)) for name in NAMES)
        ratios = " | ".join(_ratio(values, name, key) for name in (OURS, NATIVE))
        lines.append(f"| {title} | {cells} | {ratios} |")
    return lines


def _ratio(values: dict[str, float], name: str, key: str) -> str:
    others = [values[janus] for janus in (JANUS, JANUS_TUNED) if values.get(janus)]
    if name not in values or not others or key == "packets_per_s":
        return ""
    return f"{values[name] / min(others):.2f}"


def _figures(results: dict[str, Any], case: str, key: str) -> dict[str, float]:
    return {
        name: statistics.median(each[key] for each in rounds)
        for name, rounds in results.get(case, {}).items()
        if all(key in each for each in rounds)
    }


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
