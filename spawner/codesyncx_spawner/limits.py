"""What a run may use. Pure; the backends enforce it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from .quantities import bytes_in_words, read_bytes, read_seconds, seconds_in_words


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one run may use of each thing."""

    cpu: float = 1.0
    """Processors, as a share of time: 0.5 is half of one."""
    memory_bytes: int = 512_000_000
    """Of all its processes together, the files they write included."""
    pids: int = 64
    """Processes and threads at once."""
    disk_bytes: int = 256_000_000
    """What the work folder holds. `/tmp` and `/dev/shm` have a quarter of it each, on top."""
    files: int = 20_000
    """Files and folders in the work folder."""
    open_files: int = 256
    """Open files of each process."""
    output_bytes: int = 1_000_000
    """What of its output is kept."""
    time_s: float = 30.0
    """From the start of the command to its end, on the clock on the wall."""


class _Kind(NamedTuple):
    """How one limit is written, said, and how little of it makes no sense."""

    field: str
    read: Callable[[object], float | None]
    say: Callable[[Any], str]
    least: float
    example: str


def _read_whole(told: object) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _plain(value: float) -> str:
    return f"{value:g}"


_A_SIZE = 'a size such as "512 MB"'
_KINDS: Mapping[str, _Kind] = {
    "cpu": _Kind("cpu", read_seconds, _plain, 0.05, "a number of processors such as 1 or 0.5"),
    "memory": _Kind("memory_bytes", read_bytes, bytes_in_words, 16_000_000, _A_SIZE),
    "pids": _Kind("pids", _read_whole, str, 4, "a number of processes such as 64"),
    "disk": _Kind("disk_bytes", read_bytes, bytes_in_words, 1_000_000, _A_SIZE),
    "files": _Kind("files", _read_whole, str, 16, "a number of files such as 20000"),
    "open_files": _Kind("open_files", _read_whole, str, 16, "a number of files such as 256"),
    "output": _Kind("output_bytes", read_bytes, bytes_in_words, 1_000, 'a size such as "1 MB"'),
    "time": _Kind("time_s", read_seconds, seconds_in_words, 0.1, 'a time such as "30 s"'),
}

#: What an admin allows at most, unless they say otherwise.
CEILING = Limits(
    cpu=4.0,
    memory_bytes=4_000_000_000,
    pids=512,
    disk_bytes=2_000_000_000,
    files=200_000,
    open_files=4096,
    output_bytes=16_000_000,
    time_s=600.0,
)


def read_limits(told: object, place: str, defaults: Limits) -> tuple[Limits, list[str]]:
    """Read limits by their names; a sentence that names the place for each that can't be."""
    if not isinstance(told, Mapping):
        return defaults, [f"{place}: give a table of limits, not {_type_of(told)}."]
    found: dict[str, Any] = {}
    complaints = []
    for name, value in told.items():
        kind = _KINDS.get(name)
        if kind is None:
            complaints.append(f"{place}: there is no limit {name!r}, only {', '.join(_KINDS)}.")
            continue
        read = kind.read(value)
        if read is None:
            complaints.append(f"{place}.{name}: give {kind.example}, not {_said(value)}.")
        elif read < kind.least:
            complaints.append(f"{place}.{name}: {kind.say(kind.least)} is the least that works.")
        else:
            found[kind.field] = read
    return replace(defaults, **found), complaints


def exceeded(limits: Limits, ceiling: Limits) -> list[str]:
    """Say of each limit that is above the server's ceiling how much may be had."""
    return [
        f"limits.{name}: {kind.say(getattr(limits, kind.field))} is more than this server allows, "
        f"which is {kind.say(getattr(ceiling, kind.field))}."
        for name, kind in _KINDS.items()
        if getattr(limits, kind.field) > getattr(ceiling, kind.field)
    ]


def lowered(limits: Limits, ceiling: Limits) -> Limits:
    """Give the lower of the two for each: an admin's ceiling may be below the defaults."""
    names = [field.name for field in fields(Limits)]
    return Limits(**{name: min(getattr(limits, name), getattr(ceiling, name)) for name in names})


def limits_in_words(limits: Limits) -> dict[str, str]:
    """Say each limit as somebody would write it."""
    return {name: kind.say(getattr(limits, kind.field)) for name, kind in _KINDS.items()}


def _said(value: object) -> str:
    shown = repr(value)
    return shown if isinstance(value, str | int | float) and len(shown) <= 40 else _type_of(value)  # noqa: PLR2004 - fits into a sentence


def _type_of(value: object) -> str:
    names = {bool: "yes or no", int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "a table" if isinstance(value, Mapping) else "a date or time")
