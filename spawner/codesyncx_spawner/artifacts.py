"""Takes what a run has made out of its work folder. Blocks: for a thread of its own."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from .folder_walk import walk
from .selection import ArtifactChoice, Mark, Selection, is_passed_over

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
    choice = ArtifactChoice(before, most_bytes, MAX_FILES, is_wanted)
    for one in walk(folder, is_passed_over):
        if not choice.takes(one):
            continue
        try:
            copy_artifact(os.fdopen(one.open(), "rb"), target / one.path, one.size)
        except OSError as error:
            choice.take_back(one.path, why_not_kept(error))
    return choice.selection


def why_not_kept(error: OSError) -> str:
    """Say why a file couldn't be written to where artifacts are."""
    return f"it couldn't be kept: {error.strerror or error}."


def copy_artifact(source: IO[bytes], target: Path, size: int) -> None:
    """Write so many bytes to a new file, and close what they come from."""
    with source:
        target.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        with target.open("xb") as writing:
            left = size
            while left > 0 and (chunk := source.read(min(_CHUNK, left))):
                writing.write(chunk)
                left -= len(chunk)
