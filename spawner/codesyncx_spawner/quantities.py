"""Sizes and durations as people write them: "512 MB", "1.5 GiB", "30 s", "5 min"."""

from __future__ import annotations

import math
import re

_NUMBER_AND_UNIT = re.compile(r"\s*(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]*)\s*")
_BYTES = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}
_SECONDS = {"": 1, "s": 1, "min": 60, "h": 3600}


def read_bytes(told: object) -> int | None:
    """Give a size in bytes, from a whole number or from text; None for what is neither."""
    found = _read(told, _BYTES)
    return None if found is None else int(found)


def read_seconds(told: object) -> float | None:
    """Give a duration in seconds, from a number or from text; None for what is neither."""
    return _read(told, _SECONDS)


def _read(told: object, units: dict[str, int]) -> float | None:
    if isinstance(told, bool):
        return None
    if isinstance(told, int | float):
        return told if math.isfinite(told) else None
    if not isinstance(told, str):
        return None
    found = _NUMBER_AND_UNIT.fullmatch(told)
    unit = None if found is None else units.get(found[2].lower())
    return None if found is None or unit is None else float(found[1]) * unit


def bytes_in_words(size: int) -> str:
    """Say a size with three digits at most: "512 MB"."""
    value: float = size
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:  # noqa: PLR2004 - the step from unit to unit
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


def seconds_in_words(duration_s: float) -> str:
    """Say a duration: "30 s", "5 min"."""
    minutes, seconds = divmod(duration_s, 60)
    return f"{minutes:g} min" if minutes and not seconds else f"{duration_s:g} s"
