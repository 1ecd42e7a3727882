"""Rooms without a file: who is here (`JupyterLab:globalAwareness`), forks and timelines."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from jupyter_server_ydoc.rooms import TransientRoom
from pycrdt import Doc

from ..errors import NotFoundError, TooManyError
from .engine import Engine

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_MAX_LOBBIES = 1000
_LOBBY = re.compile(r"[A-Za-z][\w.-]{0,63}:[\w.-]{1,64}")


class Lobbies:
    """Engines around documents that live in memory only."""

    def __init__(self, shared: MutableMapping[str, Any]) -> None:
        self._shared = shared
        self._engines: dict[str, Engine] = {}

    def open(self, name: str) -> Engine:
        """Give the engine of a lobby, or of a fork that jupyter_server_ydoc made."""
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
