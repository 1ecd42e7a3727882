"""The runner of this server's project, begun when it is first needed."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from codesyncx_spawner.errors import NoSandboxError
from codesyncx_spawner.limits import Limits, lowered
from codesyncx_spawner.run_file import RUN_FILE, read_run_file
from codesyncx_spawner.runner import Runner
from codesyncx_spawner.sandbox.warm import WarmBackend

from ..access.model import Permission
from ..errors import NotFoundError, RefusedError
from ..events.bus import Event
from ..rate_limit import RateLimit
from .artifact_copies import ArtifactCopies
from .commands import read_request
from .watching import may_stop, may_watch, require_execute, run_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from codesyncx_spawner.fair_queue import Quotas
    from codesyncx_spawner.run import Run
    from codesyncx_spawner.run_file import RunConfiguration
    from codesyncx_spawner.sandbox.backend import SandboxBackend

    from ..artifacts import ArtifactStore
    from ..events.bus import EventBus
    from ..gate.sight import Sight
    from .project_files import ProjectFiles
    from .run_file import RunFileText
    from .secrets import ProjectSecrets


logger = logging.getLogger(__name__)

CHANGED = "run.changed"


class RunService:
    """Starts, stops and shows runs, for those who may."""

    def __init__(
        self,
        folder: Path,
        backend: SandboxBackend,
        files: ProjectFiles,
        bus: EventBus,
        *,
        secrets: ProjectSecrets,
        artifacts: ArtifactStore | None = None,
        artifact_days: int = 0,
        quotas: Quotas,
        ceiling: Limits,
        network: Sequence[str],
        starts_per_minute: int,
        warm_sandboxes: int = 0,
    ) -> None:
        """Begin nothing yet; `ceiling` and `starts_per_minute` are what one person may have."""
        self._folder = folder
        self._files = files
        self._bus = bus
        self.secrets = secrets
        self.copies = ArtifactCopies(
            artifacts, folder, days=artifact_days, changed=lambda: bus.publish(Event(CHANGED))
        )
        self._quotas = quotas
        self._ceiling = ceiling
        self._network = network
        self.defaults = lowered(Limits(), ceiling)
        self._is_warm = warm_sandboxes > 0
        self._backend = (
            WarmBackend(backend, warm_sandboxes, self.defaults, parent=backend.parent)
            if self._is_warm
            else backend
        )
        self.starts = RateLimit("runs", starts_per_minute, 60)
        self._runner: Runner | None = None
        self._starting = asyncio.Lock()
        self._unsubscribe = [
            bus.subscribe(topic, self._on_files)
            for topic in ("document.saved", "file", "access.changed")
        ]

    async def take_up(self) -> None:
        """Go on with what an earlier server has left, if anything; have sandboxes ready."""
        if self._is_warm or await asyncio.to_thread(self._folder.exists):
            try:
                await self.runner()
            except NoSandboxError as error:
                logger.warning("Runs can't be carried out: %s", error)

    async def runner(self) -> Runner:
        """Give the runner; NoSandboxError, with what to install, where there can be none."""
        async with self._starting:
            if self._runner is None:
                runner = Runner(
                    self._folder,
                    self._backend,
                    self._files,
                    keeper=self.secrets,
                    quotas=self._quotas,
                    ceiling=self._ceiling,
                    network=self._network,
                    changed=self._tell,
                    log=logger,
                )
                try:
                    await runner.start()
                except BaseException:
                    await runner.close()
                    raise
                self._runner = runner
                self.copies.start(runner.runs)
            return self._runner

    async def configurations(self, sight: Sight) -> tuple[dict[str, RunConfiguration], list[str]]:
        """Give the runs that the project has names for, and what is wrong with its file."""
        return await self._files.configurations(sight, self.defaults)

    async def run_file(self, sight: Sight) -> RunFileText:
        """Give the text of the project's own runs; RefusedError for whom that isn't for."""
        sight.require(Permission.READ, RUN_FILE)
        return await self._files.run_file()

    async def write_run_file(self, sight: Sight, text: str, version: str) -> RunFileText:
        """Replace it, if it is in order; RunFileError with a sentence for all that isn't."""
        sight.require(Permission.EDIT, RUN_FILE)
        read_run_file(text, self.defaults)
        written = await self._files.write_run_file(text, version)
        self._bus.publish(Event(CHANGED))
        return written

    async def submit(self, sight: Sight, told: Mapping[str, Any]) -> Run:
        """Start what somebody asks for; RefusedError if they may not."""
        configurations: dict[str, RunConfiguration] = {}
        if "configuration" in told:
            configurations, _ = await self.configurations(sight)
        what = read_request(told, configurations, self.defaults)
        require_execute(sight, what)
        await self.secrets.require(sight, what.secrets)
        return await (await self.runner()).submit(sight.person, what)

    async def runs(self, sight: Sight) -> list[tuple[Run, int | None]]:
        """Give the runs that somebody may watch, newest first, and their place in the queue."""
        runner = await self.runner()
        return [(run, runner.position(run.id)) for run in runner.runs() if may_watch(sight, run)]

    def run_to_json(self, sight: Sight, run: Run, position: int | None) -> dict[str, Any]:
        """Give what somebody may know of a run that they may watch."""
        return run_to_json(sight, run, position, self.copies.note(run.id))

    async def watched(self, sight: Sight, run_id: str) -> tuple[Runner, Run]:
        """Give a run that somebody may watch; NotFoundError for others, as if there was none."""
        runner = await self.runner()
        run = runner.run(run_id)
        if not may_watch(sight, run):
            raise NotFoundError("There is no such run.")
        return runner, run

    async def stop_run(self, sight: Sight, run_id: str) -> None:
        """End a run; RefusedError if somebody may only watch it."""
        runner, run = await self.watched(sight, run_id)
        if not may_stop(sight, run):
            raise RefusedError("Only who has started a run, and owners, can stop it.")
        await runner.stop(run_id)

    async def stop(self) -> None:
        """End with the server."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        await self.copies.stop()
        if self._runner is not None:
            await self._runner.close()

    def _on_files(self, _: Event) -> None:
        if self._runner is not None:
            self._runner.files_changed()

    def _tell(self, _run: Run) -> None:
        # Whom it concerns, they find out when they ask.
        self._bus.publish(Event(CHANGED))
