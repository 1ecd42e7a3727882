"""Who is in a call now, so that what they may do there follows what they may do in the project."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from codesyncx_server.errors import AccessUnavailableError, TooManyError

from .rights import call_rights

if TYPE_CHECKING:
    from codesyncx_media.rights import Rights
    from codesyncx_server.gate.sight import Sight

    from .media_process import MediaProcess

#: The name of the one project that this server serves, in room tokens.
PROJECT = "project"
CONNECTIONS_PER_PERSON = 16


class Callers:
    """The people behind the open signalling connections."""

    def __init__(self, media: MediaProcess) -> None:
        self._media = media
        self._sights: dict[str, Sight] = {}
        self._connections: Counter[str] = Counter()
        self._told: dict[str, Rights | None] = {}

    def enter(self, sight: Sight) -> None:
        """Note a connection; TooManyError."""
        name = sight.person.username
        if self._connections[name] >= CONNECTIONS_PER_PERSON:
            raise TooManyError("You are in too many calls at once.")
        self._connections[name] += 1
        self._sights[name] = sight
        self._told.setdefault(name, call_rights(sight))

    def leave(self, sight: Sight) -> None:
        """Forget a connection."""
        name = sight.person.username
        self._connections[name] -= 1
        if self._connections[name] <= 0:
            del self._connections[name]
            self._sights.pop(name, None)
            self._told.pop(name, None)

    def judge_again(self) -> None:
        """Tell the media process whose rights are other ones now."""
        for name, sight in self._sights.items():
            # Where nobody can tell what they may do, they may do nothing.
            rights: Rights | None = None
            with contextlib.suppress(AccessUnavailableError):
                rights = call_rights(sight)
            if rights == self._told.get(name):
                continue
            self._told[name] = rights
            if rights is None:
                self._media.order(type="expel", project=PROJECT, person_id=name)
            else:
                self._media.order(
                    type="set_rights", project=PROJECT, person_id=name, rights=sorted(rights)
                )
