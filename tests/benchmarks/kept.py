"""Keeps what the benchmarks find in one JSON file, each under its own name, with the machine."""

from __future__ import annotations

import json
import os
import platform
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def keep(path: Path | None, name: str, found: dict[str, Any]) -> None:
    """Write it down beside what others have found, if there is a path."""
    if path is None:
        return
    known = json.loads(path.read_text()) if path.exists() else {}
    machine = f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}"
    known[name] = {**found, "machine": machine}
    path.write_text(json.dumps(known, indent=1) + "\n")
