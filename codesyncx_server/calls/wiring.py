"""Joins calls to one Jupyter server."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from .callers import Callers
from .handlers import MediaHandler, SignallingHandler, TestHandler, TokenHandler
from .media_process import MediaProcess, MediaSettings
from .recording_handlers import FilmHandler, RecordingHandler, ShelfHandler, StoredFilmHandler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..artifacts import ArtifactStore
    from ..events.bus import EventBus
    from .ice import IceSettings
    from .recordings import Recordings

ACCESS_CHANGED = "access.changed"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 (media must come in where browsers are; nothing unproven is heard)
_LOOPBACK = "127.0.0.1"
_NOWHERE = ("192.0.2.1", 9)
"""RFC 5737: an address that nobody has. Nothing is sent to it."""


class CallsFeature:
    """What calls need while one server runs."""

    def __init__(
        self,
        bus: EventBus,
        *,
        host: str,
        udp_port: int,
        addresses: Sequence[str],
        way: str,
        ice: IceSettings,
        recordings: Recordings | None = None,
        artifacts: ArtifactStore | None = None,
        artifact_days: int = 0,
    ) -> None:
        told = tuple(addresses) or own_addresses()
        films = None if recordings is None else recordings.settings()
        settings = MediaSettings(host or EVERY_ADDRESS, udp_port, told, films)
        self._recordings = recordings
        if recordings is not None and artifacts is not None:
            recordings.copy_to(artifacts, bus, days=artifact_days)
        self.media = MediaProcess(settings)
        self._way = way
        self._ice = ice
        self._callers = Callers(self.media)
        self._unsubscribe = bus.subscribe(ACCESS_CHANGED, lambda _: self._callers.judge_again())

    def handlers(self) -> list[tuple[Any, ...]]:
        """Give the routes, for `ExtensionApp.handlers`."""
        media = {"media": self.media}
        recordings = {**media, "recordings": self._recordings}
        tickets = {**media, "way": self._way, "ice": self._ice}
        return [
            (r"/codesyncx/api/calls/token", TokenHandler, tickets),
            (r"/codesyncx/api/calls/test", TestHandler, tickets),
            (
                r"/codesyncx/api/calls/signalling",
                SignallingHandler,
                {**media, "callers": self._callers},
            ),
            (r"/codesyncx/api/calls/media", MediaHandler, {**media, "callers": self._callers}),
            (r"/codesyncx/api/calls/recording", RecordingHandler, recordings),
            (
                r"/codesyncx/api/calls/recording/(playlist\.m3u8|film\.mp4)",
                FilmHandler,
                recordings,
            ),
            (
                r"/codesyncx/api/calls/recordings",
                ShelfHandler,
                {"recordings": self._recordings},
            ),
            (
                r"/codesyncx/api/calls/recordings/([^/]+\.mp4)",
                StoredFilmHandler,
                {"recordings": self._recordings},
            ),
        ]

    def start(self) -> None:
        """Finish what the last server has left over."""
        if self._recordings is not None:
            self._recordings.start()

    async def stop(self) -> None:
        """End every call."""
        if self._recordings is not None:
            await self._recordings.stop()
        self._unsubscribe()
        self._callers.close()
        await self.media.stop()


def own_addresses() -> tuple[str, ...]:
    """Give the addresses that browsers may reach this machine at, the usual one first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOWHERE)  # asks for the way there, and sends nothing
            usual = probe.getsockname()[0]
        except OSError:
            return (_LOOPBACK,)
    return (usual,) if usual == _LOOPBACK else (usual, _LOOPBACK)
