"""Rooms without a file: who is here (`JupyterLab:globalAwareness`), forks and timelines."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_server_ydoc.handlers import FORK_ROOMS
from jupyter_server_ydoc.rooms import TransientRoom
from pycrdt import Doc

from ..access.model import Permission
from ..errors import CodeSyncXError, NotFoundError, RefusedError, TooManyError
from .engine import Engine
from .rights import FULL, VIEWER

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..access.model import Person
    from ..access.service import AccessService
    from .outlooks import Outlooks
    from .rights import Rights
    from .rooms import Rooms
    from .session import Session

_MAX_LOBBIES = 1000
_LOBBY = re.compile(r"[A-Za-z][\w.-]{0,63}:[\w.-]{1,64}")


class Lobbies:
    """Engines around documents that live in memory only."""

    def __init__(
        self, rooms: Rooms, access: AccessService | None, outlooks: Outlooks | None = None
    ) -> None:
        self._shared: MutableMapping[str, Any] = rooms.shared
        self._rooms = rooms
        self._access = access
        self._outlooks = outlooks
        self._engines: dict[str, Engine] = {}

    def open(self, name: str, session: Session) -> Engine:
        """Give the engine of a lobby, or of a fork or timeline that jupyter_server_ydoc made.

        Tells the session what it may do there; raises why its person may not come in.
        """
        self._admit(name, session)
        return self._open(name)

    def take_access(self) -> None:
        """Take over who may do what now; who may not even read is out."""
        for name, engine in self._engines.items():
            for session in list(engine.sessions):
                try:
                    self._admit(name, session)
                except CodeSyncXError as error:
                    session.close(error)

    def _admit(self, name: str, session: Session) -> None:
        if session.person is None:
            return
        session.take(self._rights(name, session.person))
        if self._outlooks is not None:
            session.outlook = self._outlooks.of(session.person)

    def _rights(self, name: str, person: Person) -> Rights:
        # A fork is a whole copy of its file; of a timeline nobody knows of which file it is.
        if self._access is None or person.is_owner:
            return FULL
        fork = FORK_ROOMS.get(name)
        if fork is not None:
            rights = self._rooms.rights(fork["root_roomid"], person)
            return FULL if rights.is_full else VIEWER
        covers = partial(self._access.covers, person)
        if not _LOBBY.fullmatch(name) and not covers(frozenset({Permission.READ}), ""):
            raise RefusedError("Only who may read the whole project can look at old versions.")
        return FULL if covers(frozenset({Permission.EDIT}), "") else VIEWER

    def _open(self, name: str) -> Engine:
        engine = self._engines.get(name)
        room = self._shared.get(name)
        if engine is not None and room is not None and room.ydoc is engine.doc:
            return engine
        if room is None:
            if not _LOBBY.fullmatch(name):
                raise NotFoundError("There is no such room.")
            if len(self._engines) >= _MAX_LOBBIES:
                raise TooManyError("Too many rooms are open.")
            room = TransientRoom(name)
            room.started.set()
            room.ydoc = Doc()
            self._shared[name] = room
        loop = asyncio.get_running_loop()
        engine = Engine(
            room.ydoc,
            lambda delay_s, callback: (
                loop.call_later(delay_s, callback) if delay_s else loop.call_soon(callback)
            ),
            loop.time,
        )
        room.awareness = engine.awareness
        self._engines[name] = engine
        return engine

    def release(self, name: str) -> None:
        """Forget a room that everybody has left; a fork's document stays with its owner."""
        engine = self._engines.get(name)
        if engine is None or engine.sessions:
            return
        engine.close()
        del self._engines[name]
        if _LOBBY.fullmatch(name):
            self._shared.pop(name, None)

    def share(self, shared: MutableMapping[str, Any]) -> None:
        """Look for rooms in `shared` from now on."""
        self._shared = shared
