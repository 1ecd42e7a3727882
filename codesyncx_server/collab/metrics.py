"""What the rooms tell Prometheus, on Jupyter's own `/metrics`."""

from __future__ import annotations

import asyncio
import time

from prometheus_client import Counter, Gauge, Histogram

ROOMS = Gauge("codesyncx_rooms", "Open document rooms")
CLIENTS = Gauge("codesyncx_clients", "Connections to rooms")
UPDATES = Counter("codesyncx_updates_total", "Edits taken in")
UPDATE_BYTES = Counter("codesyncx_update_bytes_total", "Bytes of edits put on the log")
DELIVERIES = Counter("codesyncx_deliveries_total", "Edits sent, counted per listener")
REFUSALS = Counter("codesyncx_refusals_total", "Connections ended by the server", ["code"])
LOG_APPEND = Histogram(
    "codesyncx_log_append_seconds",
    "Time to put an update on the log",
    buckets=(0.00002, 0.0001, 0.0005, 0.002, 0.01, 0.05, 0.2, 1),
)
SAVE = Histogram(
    "codesyncx_save_seconds",
    "Time to write a document's file",
    buckets=(0.005, 0.02, 0.05, 0.1, 0.5, 1, 5, 20),
)
SAVE_FAILURES = Counter("codesyncx_save_failures_total", "Files that couldn't be written")
LOOP_LAG = Histogram(
    "codesyncx_loop_lag_seconds",
    "How late the event loop is",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1),
)

_LAG_INTERVAL_S = 0.25


async def watch_loop() -> None:
    """Measure the event loop's lag until cancelled."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(_LAG_INTERVAL_S)
        LOOP_LAG.observe(max(0.0, time.monotonic() - before - _LAG_INTERVAL_S))
