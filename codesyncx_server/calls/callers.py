"""Who is in a call now, so that what they may do there follows what they may do in the project."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from codesyncx_media.sessions import GRACE_S
from codesyncx_server.errors import AccessUnavailableError, TooManyError

from .rights import call_rights

if TYPE_CHECKING:
    from codesyncx_media.rights import Rights
    from codesyncx_server.gate.sight import Sight

    from .media_process import MediaProcess

#: The name of the one project that this server serves, in room tokens.
PROJECT = "project"
CONNECTIONS_PER_PERSON = 16
_REMEMBERED_S = GRACE_S + 5.0
"""Whose signalling broke may still hear the call, so their rights are looked after that long."""


class Callers:
    """The people behind the signalling connections that are open, or were just now."""

    def __init__(self, media: MediaProcess) -> None:
        self._media = media
        self._sights: dict[str, Sight] = {}
        self._connections: Counter[str] = Counter()
        self._told: dict[str, Rights | None] = {}
        self._forgetting: dict[str, asyncio.TimerHandle] = {}

    def enter(self, sight: Sight) -> None:
        """Note a connection; TooManyError."""
        name = sight.person.username
        if self._connections[name] >= CONNECTIONS_PER_PERSON:
            raise TooManyError("You are in too many calls at once.")
        self._connections[name] += 1
        self._sights[name] = sight
        forgetting = self._forgetting.pop(name, None)
        if forgetting is not None:
            forgetting.cancel()

    def leave(self, sight: Sight) -> None:
        """Forget a connection, and soon after the last one its person."""
        name = sight.person.username
        self._connections[name] -= 1
        if self._connections[name] <= 0:
            del self._connections[name]
            loop = asyncio.get_running_loop()
            self._forgetting[name] = loop.call_later(_REMEMBERED_S, self._forget, name)

    def close(self) -> None:
        """Forget everybody."""
        for name in list(self._forgetting):
            self._forgetting[name].cancel()
            self._forget(name)

    def judge(self, sight: Sight) -> None:
        """Tell the media process what somebody who has come in may do now."""
        self._judge(sight.person.username, sight)

    def judge_again(self) -> None:
        """Tell the media process whose rights are other ones now."""
        for name, sight in self._sights.items():
            if self._rights(sight) != self._told.get(name):
                self._judge(name, sight)

    def _judge(self, name: str, sight: Sight) -> None:
        rights = self._told[name] = self._rights(sight)
        if rights is None:
            self._media.order(type="expel", project=PROJECT, person_id=name)
        else:
            self._media.order(
                type="set_rights", project=PROJECT, person_id=name, rights=sorted(rights)
            )

    @staticmethod
    def _rights(sight: Sight) -> Rights | None:
        # Where nobody can tell what they may do, they may do nothing.
        with contextlib.suppress(AccessUnavailableError):
            return call_rights(sight)
        return None

    def _forget(self, name: str) -> None:
        self._forgetting.pop(name, None)
        self._sights.pop(name, None)
        self._told.pop(name, None)
