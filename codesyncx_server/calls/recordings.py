"""Where the films of recorded calls are made, and the folder of the project that they come into."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesyncx_media.recording.task import PLAYLIST, RecordingSettings, finish_arguments
from codesyncx_server.storage import project_data_dir

from .recording_copies import RecordingCopies
from .recording_shelf import RecordingShelf

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from codesyncx_server.artifacts import ArtifactStore
    from codesyncx_server.events.bus import EventBus

logger = logging.getLogger(__name__)

_SCRATCH = "recordings"
_LEDGER = "recordings-stored.json"
_MEGABYTE = 1024 * 1024


class Recordings:
    """The recordings of one project. `folder` is a path in it; empty where nobody may record."""

    def __init__(
        self, server: ServerApp, *, folder: str, height: int, max_minutes: int, min_free_mb: int
    ) -> None:
        """Take where the project is; ValueError when the folder would be outside of it."""
        root = Path(server.contents_manager.root_dir).resolve()
        place = (root / folder).resolve()
        if not place.is_relative_to(root):
            raise ValueError(f"Recordings can't be kept in {folder!r}: that is not in the project.")
        self.folder = place.relative_to(root).as_posix()
        self.scratch = project_data_dir(server.root_dir) / _SCRATCH
        self._settings = RecordingSettings(
            scratch=str(self.scratch),
            folder=str(place),
            shown_folder=self.folder,
            height=height,
            max_s=60.0 * max_minutes,
            min_free_bytes=min_free_mb * _MEGABYTE,
        )
        self._place = place
        self._finishing: asyncio.Task[None] | None = None
        self.shelf = RecordingShelf(place)

    def copy_to(self, store: ArtifactStore, bus: EventBus, *, days: int) -> None:
        """Have what is finished stored elsewhere, too."""
        ledger = self.scratch.with_name(_LEDGER)
        self.shelf.copies = RecordingCopies(store, self._place, self.folder, ledger, bus, days=days)

    def settings(self) -> dict[str, Any]:
        """Give what the media process has to know."""
        return asdict(self._settings)

    def start(self) -> None:
        """Finish, beside all else, what was left over when processes died."""
        self.scratch.mkdir(mode=0o700, exist_ok=True)
        if self.shelf.copies is not None:
            self.shelf.copies.start()
        if any(self.scratch.iterdir()):
            self._finishing = asyncio.create_task(self._finish_leftovers())

    async def stop(self) -> None:
        """Let what is being finished be; it goes on by itself."""
        if self.shelf.copies is not None:
            await self.shelf.copies.stop()
        if self._finishing is not None:
            self._finishing.cancel()
            with suppress(asyncio.CancelledError):
                await self._finishing

    def current(self) -> Path | None:
        """Give the folder of the recording that runs, or ran last and isn't finished."""
        lists = [*self.scratch.glob(f"*/{PLAYLIST}")] if self.scratch.is_dir() else []
        return max(lists, key=lambda one: one.stat().st_mtime).parent if lists else None

    async def _finish_leftovers(self) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *finish_arguments(str(self.scratch)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
            )
            await process.wait()
        except OSError as error:
            logger.warning("Recordings that were left over can't be finished: %s", error)
