"""How the app takes in runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..gate.sandboxed import SANDBOXES
from ..storage import project_data_dir
from .handlers import (
    ArtifactHandler,
    DescriptionHandler,
    LogHandler,
    RunFileHandler,
    RunHandler,
    RunsHandler,
    StopHandler,
)
from .interactive.service import InteractiveSandboxes
from .preview_handlers import PreviewDoorHandler, PreviewHandler
from .previews import PreviewService
from .project_files import ProjectFiles
from .secret_handlers import SecretHandler, SecretsHandler
from .secret_store import SecretStore
from .secrets import ProjectSecrets
from .service import RunService

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codesyncx_spawner.fair_queue import Quotas
    from codesyncx_spawner.limits import Limits
    from codesyncx_spawner.sandbox.backend import SandboxBackend
    from jupyter_server.serverapp import ServerApp

    from ..artifacts import ArtifactStore
    from ..events.bus import EventBus
    from .previews import PreviewSettings
    from .project_files import CatchUp

_BASE = "codesyncx/api/runs"
_ID = r"([0-9a-f]{1,32})"
_NAME = r"([A-Za-z0-9_]{1,64})"
_FOLDER = "runs"
_INTERACTIVE = "interactive"
_SECRETS = "run-secrets.json"
_ACCESS_CHANGED = "access.changed"


class Runs:
    """The runs of the project that a server serves."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self.service: RunService | None = None
        self.previews: PreviewService | None = None
        self.interactive: InteractiveSandboxes | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def handlers(
        self,
        server: ServerApp | None,
        backend: SandboxBackend,
        catch_up: CatchUp,
        *,
        quotas: Quotas,
        ceiling: Limits,
        network: Sequence[str],
        starts_per_minute: int,
        warm_sandboxes: int,
        previews: PreviewSettings,
        artifacts: ArtifactStore | None = None,
        artifact_days: int = 0,
    ) -> list[tuple[Any, ...]]:
        """Give the routes."""
        if server is None:
            return []
        root = Path(server.root_dir).expanduser()
        files = ProjectFiles(root, server.web_app.settings, catch_up)
        data = project_data_dir(root)
        interactive = InteractiveSandboxes(server, backend, files, data / _INTERACTIVE)
        self.interactive = server.web_app.settings[SANDBOXES] = interactive
        self._unsubscribe = self._bus.subscribe(_ACCESS_CHANGED, lambda _: self._judge_again())
        self.service = RunService(
            data / _FOLDER,
            backend,
            files,
            self._bus,
            artifacts=artifacts,
            artifact_days=artifact_days,
            secrets=ProjectSecrets(SecretStore(data / _SECRETS), server.web_app.settings),
            quotas=quotas,
            ceiling=ceiling,
            network=network,
            starts_per_minute=starts_per_minute,
            warm_sandboxes=warm_sandboxes,
        )
        self.previews = PreviewService(self.service, previews, server.web_app.settings)
        facts = {"service": self.service}
        views = {"previews": self.previews}
        return [
            (_BASE, RunsHandler, facts),
            (rf"{_BASE}/openapi\.json", DescriptionHandler),
            (rf"{_BASE}/configurations", RunFileHandler, facts),
            (rf"{_BASE}/secrets", SecretsHandler, facts),
            (rf"{_BASE}/secrets/{_NAME}", SecretHandler, facts),
            (rf"{_BASE}/{_ID}", RunHandler, facts),
            (rf"{_BASE}/{_ID}/stop", StopHandler, facts),
            (rf"{_BASE}/{_ID}/log", LogHandler, facts),
            (rf"{_BASE}/{_ID}/artifacts/(.+)", ArtifactHandler, facts),
            (rf"{_BASE}/{_ID}/previews/([0-9]{{1,5}})", PreviewHandler, views),
            (rf"codesyncx/preview/{_ID}", PreviewDoorHandler, views),
        ]

    def _judge_again(self) -> None:
        if self.interactive is not None:
            self.interactive.judge_again()
        if self.previews is not None:
            self.previews.judge_again()

    async def start(self) -> None:
        """Go on with what an earlier server has left."""
        if self.interactive is not None:
            await self.interactive.open()
        if self.service is not None:
            await self.service.take_up()

    async def stop(self) -> None:
        """End what runs; the next server begins runs again."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self.interactive is not None:
            await self.interactive.close()
        if self.previews is not None:
            await self.previews.close()
        if self.service is not None:
            await self.service.stop()
