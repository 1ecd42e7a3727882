"""Who may have a kernel or a terminal in a sandbox, for what, and how long. Pure.

It belongs to the person who started it, and to nobody else.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ...access.model import Permission, clean_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Sight(Protocol):
    """What of `gate.sight.Sight` is asked here."""

    @property
    def uses_programs(self) -> bool:
        """Whether they have ordinary kernels."""

    def may(self, permission: Permission, path: str) -> bool:
        """Whether they may do this to what is at `path`."""

    def covers(self, permission: Permission, path: str) -> bool:
        """Whether they may do this to what is at `path` and to everything in it."""

    def require(self, permission: Permission, path: str) -> None:
        """Raise RefusedError, with a sentence for the person, unless they may."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a kernel or terminal is for: a file, or a folder."""

    path: str
    is_file: bool

    @property
    def folder(self) -> str:
        """Where it begins."""
        return posixpath.dirname(self.path) if self.is_file else self.path


def place_of(path: str, is_file: Callable[[str], bool], is_folder: Callable[[str], bool]) -> Place:
    """Give what is meant by the path that a browser names.

    A notebook is a file; a console is named by a file that isn't there, in a folder.
    """
    path = clean_path(path)
    if is_file(path):
        return Place(path, is_file=True)
    while path and not is_folder(path):
        path = posixpath.dirname(path)
    return Place(path, is_file=False)


def require_place(sight: Sight, place: Place) -> None:
    """Raise RefusedError, with a sentence for the person, unless they may run code there."""
    if place.is_file:
        sight.require(Permission.READ, place.path)
    sight.require(Permission.EXECUTE, place.path)


def may_keep(sight: Sight, place: Place, files: Iterable[str]) -> bool:
    """Whether somebody may keep what they have started, with these files in it.

    Those who have become trusted may not: from then on they have ordinary ones.
    """
    if sight.uses_programs or not sight.may(Permission.EXECUTE, place.path):
        return False
    if place.is_file and not sight.may(Permission.READ, place.path):
        return False
    return reads_all(sight, files)


def reads_all(sight: Sight, files: Iterable[str]) -> bool:
    """Whether somebody may read all of these files; asks for whole folders where it can."""
    covered: dict[str, bool] = {}

    def is_covered(folder: str) -> bool:
        if folder not in covered:
            above = bool(folder) and is_covered(posixpath.dirname(folder))
            covered[folder] = above or sight.covers(Permission.READ, folder)
        return covered[folder]

    return all(
        is_covered(posixpath.dirname(path)) or sight.covers(Permission.READ, path) for path in files
    )
