from __future__ import annotations

from typing import Any

from prometheus_client import REGISTRY

from codesyncx_media.load import Load
from codesyncx_server.calls.metrics import LoadMeter


def said(received: int, *, people: int = 2) -> dict[str, Any]:
    load = Load(calls=1, people=people, publishers=1, subscribers=2)
    load.layers[2] = 1
    return load.told(
        "native", packets_received=received, packets_forwarded=2 * received, cpu_seconds=0.5
    )


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"codesyncx_call_{name}", labels)


def test_totals_go_on_over_the_end_of_a_process() -> None:
    before = value("packets_received_total") or 0
    meter = LoadMeter()
    meter.take(said(100))
    meter.take(said(150))
    assert value("packets_received_total") == before + 150
    assert value("people") == 2
    assert value("layers", layer="2") == 1
    assert value("path_info", path="native") == 1
    meter.end()
    assert value("people") == 0
    assert value("layers", layer="2") is None
    LoadMeter().take(said(10, people=5))
    assert value("packets_received_total") == before + 160
    assert value("people") == 5
    LoadMeter.end()
