"""Everything interactive that one person has: kernels, sessions and terminals, in sandboxes."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...access.model import Permission
from ...errors import CodeSyncXError
from ...gate.sight import sight_for
from .channels import SandboxChannels
from .kernels import PersonKernelManager, PersonSessionManager, SandboxKernelManager
from .rights import Place, place_of, require_place
from .terminals import SandboxTerminals

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesyncx_spawner.interactive.live import LiveSandbox
    from codesyncx_spawner.interactive.programs import Program

    from ...access.model import Person
    from ...gate.sight import Sight
    from .service import InteractiveSandboxes

_CULL_EVERY_S = 60


class PersonServices:
    """What the gate puts in the place of the server's own managers for one person."""

    connection_class = SandboxChannels

    def __init__(self, service: InteractiveSandboxes, person: Person) -> None:
        """Have nothing running yet."""
        self._service = service
        self.person = person
        server = service.server
        self.sockets: Path = service.ledger.sockets
        self.output_bytes = service.limits_now.output_bytes
        self.kernel_spec_manager = service.programs
        self.connections: weakref.WeakSet[SandboxChannels] = weakref.WeakSet()
        idle_s = service.idle_timeout_s
        self.kernel_manager = PersonKernelManager(
            parent=server,
            host=self,
            kernel_manager_class=f"{SandboxKernelManager.__module__}.SandboxKernelManager",
            kernel_spec_manager=service.programs,
            connection_dir=str(service.ledger.sockets),
            context=service.context,
            shared_context=True,
            default_kernel_name=server.kernel_manager.default_kernel_name,
            # What nobody reads meanwhile would fill the server's memory.
            buffer_offline_messages=False,
            cull_idle_timeout=idle_s,
            cull_interval=max(1, min(_CULL_EVERY_S, idle_s)),
            cull_connected=True,
            cull_busy=True,
        )
        self.session_manager = PersonSessionManager(
            parent=server,
            kernel_manager=self.kernel_manager,
            contents_manager=server.contents_manager,
            database_filepath=":memory:",
        )
        self.terminal_manager = SandboxTerminals(self, service.executor)

    @property
    def sight(self) -> Sight:
        """What the person may do now."""
        return sight_for(self._service.server.web_app.settings, self.person)

    def place_of(self, path: str) -> Place:
        """Give what a path of the contents API means."""
        places = self._service.places
        return place_of(path, places.is_file, places.is_folder)

    def folder_at(self, path: str) -> Place:
        """Give the folder at a path on the disk, as terminals name it; else the project's top.

        Who names none, and may run nothing there, gets the first folder in which they may.
        """
        if not path:
            return self._first_folder()
        root = Path(self._service.server.root_dir).expanduser().resolve()
        inside = Path(path).is_relative_to(root)
        folder = Path(path).relative_to(root).as_posix() if inside else ""
        return self.place_of("" if folder == "." else folder)

    def _first_folder(self) -> Place:
        sight = self.sight
        for path in sorted(sight.where_to_run, key=lambda path: (path.count("/"), path)):
            if self._service.places.is_folder(path) and sight.may(Permission.EXECUTE, path):
                return Place(path, is_file=False)
        return Place("", is_file=False)

    def require(self, place: Place) -> None:
        """Raise RefusedError unless the person may run code there."""
        require_place(self.sight, place)

    def require_room(self) -> None:
        """Raise TooManyError if they, or all together, have as many as may be."""
        self._service.require_room(self)

    async def start_kernel_sandbox(
        self, place: str, program: Program, environment: dict[str, str]
    ) -> LiveSandbox:
        """Start a kernel's, on what the person may read now."""
        return await self._service.begin(self, self.place_of(place), program, environment)

    async def start_terminal_sandbox(
        self, place: Place, printed: Callable[[bytes], None]
    ) -> LiveSandbox:
        """Start a terminal's, on what the person may read now."""
        return await self._service.begin_terminal(self, place, printed)

    async def end(self, sandbox: LiveSandbox, why: str) -> None:
        """End a sandbox of theirs for good, and tell them why."""
        for kernel_id in self.kernel_manager.list_kernel_ids():
            kernel: Any = self.kernel_manager.get_kernel(kernel_id)
            if kernel.sandbox is sandbox:
                kernel.stop_restarter()
                await sandbox.end(why)
                kernel.tell_end()
                await self.kernel_manager.shutdown_kernel(kernel_id, now=True)
                return
        await sandbox.end(why)

    async def close(self) -> None:
        """End everything."""
        for connection in list(self.connections):
            connection.websocket_handler.close()
            connection.disconnect()
        for kernel_id in self.kernel_manager.list_kernel_ids():
            try:
                await self.kernel_manager.shutdown_kernel(kernel_id, now=True)
            except (CodeSyncXError, KeyError, RuntimeError) as error:
                self._service.log.warning("A kernel couldn't be shut down: %s", error)
        if self.kernel_manager._culler_callback is not None:
            self.kernel_manager._culler_callback.stop()
        self.session_manager.close()
