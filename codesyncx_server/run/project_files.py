"""The files of the project, as the person who runs something may read them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import IO, TYPE_CHECKING, Any

from codesyncx_spawner.errors import RunFileError
from codesyncx_spawner.git_snapshot import write_commit
from codesyncx_spawner.run_file import RUN_FILE, RunConfiguration, read_run_file
from codesyncx_spawner.snapshot import Look, Snapshot, write_snapshot

from ..access.model import Permission
from ..errors import StorageError
from ..gate.sight import sight_for
from .run_file import RunFileText, read_text, write_text
from .watching import require_execute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from codesyncx_spawner.limits import Limits
    from codesyncx_spawner.run import Run

    from ..gate.sight import Sight

CatchUp = Callable[[], Awaitable[None]]


class ProjectFiles:
    """Takes snapshots of a project."""

    def __init__(self, root: Path, settings: Mapping[str, Any], catch_up: CatchUp) -> None:
        """Take the server's settings, and what has the disk catch up with open documents."""
        self._root = root
        self._settings = settings
        self._catch_up = catch_up

    async def snapshot(
        self, run: Run, archive: IO[bytes], known: Mapping[str, Look] | None = None
    ) -> Snapshot:
        """Write what the run's person may read now, as it is now; RefusedError if they may not run.

        They may have lost that while it waited. What still looks as it is `known` isn't written.
        """
        sight = sight_for(self._settings, run.person)
        require_execute(sight, run.what)
        if run.what.ref:
            return await asyncio.to_thread(
                write_commit,
                self._root,
                run.what.ref,
                archive,
                lambda path: _may_read(sight, path),
                run.what.limits,
                lambda path: _may_know(sight, path),
            )
        return await self.snapshot_for(sight, archive, run.what.limits, known)

    async def snapshot_for(
        self,
        sight: Sight,
        archive: IO[bytes],
        limits: Limits,
        known: Mapping[str, Look] | None = None,
    ) -> Snapshot:
        """Write what somebody may read now, as it is now, but for what looks as it is `known`."""
        await self._catch_up()
        return await asyncio.to_thread(
            write_snapshot,
            self._root,
            archive,
            lambda path: _may_read(sight, path),
            limits,
            known,
            lambda path: _may_know(sight, path),
        )

    async def run_file(self) -> RunFileText:
        """Give the text of the file with the project's runs."""
        return await asyncio.to_thread(read_text, self._root)

    async def write_run_file(self, text: str, version: str) -> RunFileText:
        """Replace that text; ConflictError if it isn't `version` any more."""
        return await asyncio.to_thread(write_text, self._root, text, version)

    async def configurations(
        self, sight: Sight, defaults: Limits
    ) -> tuple[dict[str, RunConfiguration], list[str]]:
        """Give the runs that the project has names for, and what is wrong with its file."""
        if not sight.covers(Permission.READ, RUN_FILE):
            return {}, []
        await self._catch_up()
        try:
            content = await self.run_file()
            return read_run_file(content.text, defaults), []
        except StorageError as error:
            return {}, [str(error)]
        except RunFileError as error:
            return {}, list(error.complaints)


def _may_read(sight: Sight, path: str) -> bool:
    return _is_shown(sight, path) and sight.covers(Permission.READ, path)


def _may_know(sight: Sight, path: str) -> bool:
    """Whether a part of a file is theirs, so that they know of it."""
    return _is_shown(sight, path) and sight.reaches(path)


def _is_shown(sight: Sight, path: str) -> bool:
    # Jupyter shows nobody what is hidden; whoever is trusted has other ways.
    return sight.is_trusted or not any(part.startswith(".") for part in path.split("/"))
