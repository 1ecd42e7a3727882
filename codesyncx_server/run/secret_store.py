"""The secrets of a project's runs in a file of the server's own, which only its user may read.

Blocks: for a thread of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ..errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MODE = 0o600
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class Users(StrEnum):
    """Who may have a secret in what they run."""

    OWNERS = "owners"
    """Whoever may share the project: those who can put secrets into it."""
    EDITORS = "editors"
    """Whoever may edit all of the project, too."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret; `set_at` is in Unix seconds."""

    value: str = field(repr=False)
    users: Users = Users.OWNERS
    set_by: str = ""
    set_at: float = 0.0


class SecretStore:
    """Reads and writes the file; nothing of what is in it is ever in an error's text."""

    def __init__(self, file: Path) -> None:
        """Take where it is, in a folder that only the server's user may look into."""
        self._file = file

    def read(self) -> dict[str, Secret]:
        """Give all secrets by their names; StorageError if the file can't be used."""
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            return {
                name: Secret(**{**one, "users": Users(one["users"])}) for name, one in told.items()
            }
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageError(f"The secrets can't be read: {error.strerror}.") from error
        except (ValueError, TypeError, KeyError, AttributeError):
            raise StorageError("The secrets can't be read: their file is damaged.") from None

    def write(self, secrets: Mapping[str, Secret]) -> None:
        """Replace all; StorageError if it can't be done, and what was there stays then."""
        told = {name: asdict(one) for name, one in secrets.items()}
        draft = self._file.with_suffix(".new")
        try:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()  # whatever its mode is
            with os.fdopen(os.open(draft, _CREATE, _MODE), "w", encoding="utf-8") as writing:
                json.dump(told, writing)
                writing.flush()
                os.fsync(writing.fileno())
            draft.replace(self._file)
        except OSError as error:
            raise StorageError(f"The secret can't be kept: {error.strerror}.") from error
