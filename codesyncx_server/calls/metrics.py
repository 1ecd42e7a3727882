"""What calls tell Prometheus, on Jupyter's own `/metrics`; the media process says it every 5 s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import Counter, Gauge

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLS = Gauge("codesyncx_calls", "Calls that somebody is in")
PEOPLE = Gauge("codesyncx_call_people", "Browsers in calls")
PUBLISHERS = Gauge("codesyncx_call_publishers", "Browsers that send sound or pictures")
SUBSCRIBERS = Gauge("codesyncx_call_subscribers", "Browsers that get sound or pictures")
LAYERS = Gauge("codesyncx_call_layers", "Pictures sent, by layer; 0 is the smallest", ["layer"])
LOSS = Gauge("codesyncx_call_loss_ratio", "Mean share of packets lost", ["direction"])
RECEIVED = Counter("codesyncx_call_packets_received_total", "Packets from browsers")
FORWARDED = Counter("codesyncx_call_packets_forwarded_total", "Packets to browsers")
PATH = Gauge("codesyncx_call_path_info", "1 for what forwards packets: native or python", ["path"])
CPU = Counter("codesyncx_call_cpu_seconds_total", "CPU time of the media process")

_NOW = {
    "calls": CALLS,
    "people": PEOPLE,
    "publishers": PUBLISHERS,
    "subscribers": SUBSCRIBERS,
}
_TOTALS = {
    "packets_received": RECEIVED,
    "packets_forwarded": FORWARDED,
    "cpu_seconds": CPU,
}


class LoadMeter:
    """The load of one media process, which counts from when it began."""

    def __init__(self) -> None:
        self._before = dict.fromkeys(_TOTALS, 0.0)

    def take(self, load: Mapping[str, Any]) -> None:
        """Show what the process said."""
        for name, gauge in _NOW.items():
            gauge.set(load[name])
        PATH.clear()
        PATH.labels(load["path"]).set(1)
        LAYERS.clear()
        for layer, count in load["layers"].items():
            LAYERS.labels(layer).set(count)
        for direction, share in load["loss"].items():
            LOSS.labels(direction).set(share)
        for name, counter in _TOTALS.items():
            total = load["totals"][name]
            counter.inc(max(0.0, total - self._before[name]))
            self._before[name] = total

    @staticmethod
    def end() -> None:
        """Show that the process is gone, and its calls with it."""
        for gauge in _NOW.values():
            gauge.set(0)
        PATH.clear()
        LAYERS.clear()
        LOSS.clear()
