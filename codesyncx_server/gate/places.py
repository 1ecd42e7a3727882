"""Which places in the project a path from a request leads to, by all the names that it goes by.

The same file can be reached by a symbolic link, by other letters where the disk doesn't tell `A`
from `a`, and by a path that somebody decodes once more. A person needs what they need on every one
of them.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..access.model import clean_path
from ..errors import InvalidRequestError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..access.policy import Policy

_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_MOST_LINKS_LOOKED_AT = 20_000


class OutsideError(RefusedError):
    """A path that leads out of the project."""


def fold(path: str) -> str:
    """Give what is the same for all names that some disk could take for one."""
    folded = unicodedata.normalize("NFKC", path).casefold()
    return unicodedata.normalize("NFKC", folded)


class Spellings:
    """The places of one policy, to find those that a path looks like."""

    def __init__(self, policy: Policy) -> None:
        self._by_fold: dict[str, set[str]] = {}
        for grant in policy.grants:
            for place in grant.resource.places():
                self._by_fold.setdefault(fold(place.path), set()).add(place.path)

    def look_alikes(self, path: str, is_same: Callable[[str, str], bool]) -> Iterator[str]:
        """Give `path` with its beginning as a place spells it that is the same on the disk."""
        parts = path.split("/")
        for count in range(len(parts), 0, -1):
            start = "/".join(parts[:count])
            for other in self._by_fold.get(fold(start), ()):
                if other != start and is_same(start, other):
                    yield "/".join([other, *parts[count:]])


class Places:
    """The places below one project's root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real_root = os.path.realpath(root)
        self._known: tuple[Policy, Spellings] | None = None

    def names(self, path: str, policy: Policy) -> set[str]:
        """Give every name of the place at `path`; OutsideError if one is out of the project."""
        found = {self._checked(path)}
        text = path
        for _ in range(2):
            if _ENCODED.search(text) is None:
                break
            text = unquote(text)
            found.add(self._checked(text))
        found |= {self.real(name) for name in found}
        spellings = self._spellings(policy)
        alike = {other for name in found for other in spellings.look_alikes(name, self._is_same)}
        return found | alike

    def real(self, path: str) -> str:
        """Give where a path leads, whatever symbolic links it goes through."""
        real = os.path.realpath(os.path.join(self._root, path))  # noqa: PTH118  (keeps `..` out)
        if real == self._real_root:
            return ""
        inside = real.removeprefix(self._real_root.rstrip(os.sep) + os.sep)
        if inside == real:
            raise OutsideError("That leads out of the project.")
        return inside.replace(os.sep, "/")

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder at `path`."""
        return self._at(path).is_dir()

    def is_file(self, path: str) -> bool:
        """Whether there is a file at `path`."""
        return self._at(path).is_file()

    def is_link(self, path: str) -> bool:
        """Whether there is a symbolic link at `path`."""
        return self._at(path).is_symlink()

    def links_below(self, path: str) -> list[str]:
        """Give every symbolic link below a folder; slow, so call it in a thread."""
        found: list[str] = []
        count = 0
        for folder, folders, files in os.walk(self._at(path)):
            for name in (*folders, *files):
                count += 1
                if count > _MOST_LINKS_LOOKED_AT:
                    raise RefusedError("There is too much in this folder to copy it at once.")
                entry = Path(folder, name)
                if entry.is_symlink():
                    found.append(entry.relative_to(self._root).as_posix())
        return found

    def _at(self, path: str) -> Path:
        return self._root / path.strip("/")

    @staticmethod
    def _checked(path: str) -> str:
        try:
            return clean_path(path)
        except InvalidRequestError as error:
            raise OutsideError(str(error)) from error

    def _spellings(self, policy: Policy) -> Spellings:
        if self._known is None or self._known[0] is not policy:
            self._known = (policy, Spellings(policy))
        return self._known[1]

    def _is_same(self, one: str, other: str) -> bool:
        try:
            return self._at(one).samefile(self._at(other))
        except OSError:
            return False
