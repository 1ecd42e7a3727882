"""Takes what a run has made out of its work folder. Blocks: for a thread of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .folder_walk import walk
from .selection import LeftOut, Mark, Selection, is_passed_over, select_artifacts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MAX_FILES = 1000
_CHUNK = 1 << 20
_PRIVATE = 0o700


def keep_artifacts(
    folder: int,
    target: Path,
    before: Mapping[str, Mark],
    *,
    most_bytes: int,
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> Selection:
    """Copy what is new or changed in an open folder, in which nothing runs any more."""
    selection = select_artifacts(
        walk(folder, is_passed_over),
        before,
        most_bytes=most_bytes,
        most_files=MAX_FILES,
        is_wanted=is_wanted,
    )
    chosen, kept = set(selection.paths), []
    for one in walk(folder, is_passed_over):
        if one.path not in chosen:
            continue
        try:
            _copy(one.open(), target / one.path, one.size)
        except OSError as error:
            why = f"it couldn't be kept: {error.strerror or error}."
            selection.left_out.append(LeftOut(one.path, why))
        else:
            kept.append(one.path)
    selection.paths = kept
    return selection


def _copy(source: int, target: Path, size: int) -> None:
    with os.fdopen(source, "rb") as reading:
        target.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        with target.open("xb") as writing:
            left = size
            while left > 0 and (chunk := reading.read(min(_CHUNK, left))):
                writing.write(chunk)
                left -= len(chunk)
