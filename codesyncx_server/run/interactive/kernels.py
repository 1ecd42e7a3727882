"""The kernels and sessions of one person, all of them in sandboxes.

Each person has managers of their own, so that nobody else's kernel can be named to them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from codesyncx_spawner.interactive.provisioner import FOLDER, PLACE, SandboxProvisioner
from jupyter_server.services.kernels.kernelmanager import (
    AsyncMappingKernelManager,
    ServerKernelManager,
)
from jupyter_server.services.sessions.sessionmanager import SessionManager

from ...errors import CodeSyncXError, InvalidRequestError
from .kernel_programs import KernelPrograms
from .output_budget import OutputBudget

if TYPE_CHECKING:
    from codesyncx_spawner.interactive.live import LiveSandbox

    from .person_services import PersonServices

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class SandboxKernelManager(ServerKernelManager):
    """One kernel."""

    def __init__(self, **kwargs: Any) -> None:
        """Know nothing of it yet."""
        super().__init__(**kwargs)
        theirs: Any = self.parent
        self.budget = OutputBudget(theirs.host.output_bytes)
        self._failure = ""

    @property
    def sandbox(self) -> LiveSandbox | None:
        """What it runs in."""
        provisioner = self.provisioner
        return provisioner.sandbox if isinstance(provisioner, SandboxProvisioner) else None

    @property
    def ended_because(self) -> str:
        """Say how it ended, if it has."""
        return self._failure or (self.sandbox.sentence if self.sandbox is not None else "")

    async def _async_restart_kernel(self, *args: Any, **kwargs: Any) -> None:
        """Start it anew; if that can't be, it isn't tried again."""
        try:
            await super()._async_restart_kernel(*args, **kwargs)
        except CodeSyncXError as error:
            self._failure = str(error)
            self.stop_restarter()
            self.execution_state = "dead"
            self.tell_end()
            raise
        self._failure = ""

    restart_kernel = _async_restart_kernel

    def tell_end(self) -> None:
        """Tell the browsers that it is gone, and why."""
        theirs: Any = self.parent
        for connection in list(theirs.host.connections):
            if connection.kernel_id == self.kernel_id:
                connection.on_restart_failed()


class PersonKernelManager(AsyncMappingKernelManager):
    """All kernels of one person."""

    def __init__(self, host: PersonServices, **kwargs: Any) -> None:
        """Take whose they are, who makes their sandboxes."""
        self.host = host
        super().__init__(**kwargs)

    async def _async_start_kernel(
        self,
        *,
        kernel_id: str | None = None,
        path: str | None = None,
        kernel_name: str | None = None,
        **_: Any,
    ) -> str:
        """Start one for a file or folder, if they may; a CodeSyncXError says why not.

        What else a request brings along, such as an environment, is none of the sandbox's.
        """
        if kernel_id is not None and not _ID.fullmatch(kernel_id):
            raise InvalidRequestError("A kernel's id is a UUID.")
        place = self.host.place_of(path or "")
        self.host.require(place)
        self.host.require_room()
        programs = self.kernel_spec_manager
        if isinstance(programs, KernelPrograms):
            await programs.look()
            programs.require(kernel_name or self.default_kernel_name)
        told: dict[str, Any] = {PLACE: place.path, FOLDER: place.folder}
        started: str = await super()._async_start_kernel(
            kernel_id=kernel_id, kernel_name=kernel_name, **told
        )
        return started

    start_kernel = _async_start_kernel  # type: ignore[assignment]  # as theirs

    def list_kernel_ids(self) -> list[str]:
        """Give theirs: no others that an admin may have the server pick up from a folder."""
        return list(self._kernels)


class PersonSessionManager(SessionManager):
    """Which kernel is for which notebook of one person's."""

    async def start_kernel_for_session(
        self,
        session_id: str,  # noqa: ARG002 - theirs
        path: str | None,
        name: str | None,  # noqa: ARG002 - theirs
        type: str | None,  # noqa: A002, ARG002 - theirs
        kernel_name: str | None,
        kernel_id: str | None = None,
    ) -> str:
        """Start one for the notebook itself: it may be all that they may execute."""
        started: str = await self.kernel_manager.start_kernel(
            path=path, kernel_name=kernel_name, kernel_id=kernel_id
        )
        return started
