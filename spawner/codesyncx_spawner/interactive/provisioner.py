"""Kernels in sandboxes, as jupyter_client starts kernels: by a provisioner.

It never starts anything by itself: where, with what files and whether at all says the `Host` that
its kernel manager's own manager is.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from ..errors import NoSandboxError
from .commands import kernel_command, kernel_environment, outside_connection
from .programs import Program
from .relay import Relay

if TYPE_CHECKING:
    from pathlib import Path

    from .live import LiveSandbox

#: Its name among the entry points of `jupyter_client.kernel_provisioners`.
NAME = "codesyncx-sandbox"
#: Where the metadata of a kernelspec says which folders its program needs.
READ_ONLY = "codesyncx_read_only"
#: Where the arguments of a kernel's start say for what in the project it is.
PLACE = "codesyncx_place"
FOLDER = "codesyncx_folder"
_ID_LENGTH = 12


class Host(Protocol):
    """Who makes the sandboxes of one person's kernels."""

    sockets: Path

    async def start_kernel_sandbox(
        self, place: str, program: Program, environment: dict[str, str]
    ) -> LiveSandbox:
        """Start a kernel on what its person may read now; CodeSyncXError says why it can't be."""


class SandboxProvisioner(KernelProvisionerBase):
    """A kernel in a sandbox of its own."""

    sandbox: LiveSandbox | None = None
    """What the kernel runs in, or ran in."""
    _relay: Relay | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel, or what is left of one."""
        return self.sandbox is not None

    async def poll(self) -> int | None:
        """Give how the kernel ended; None while it runs."""
        if self.sandbox is None:
            return 0
        return self.sandbox.exit_code if self.sandbox.is_over else None

    async def wait(self) -> int | None:
        """Wait for its end."""
        sandbox = self.sandbox
        if sandbox is None:
            return 0
        await sandbox.over()
        self.sandbox = None
        return sandbox.exit_code

    async def send_signal(self, signum: int) -> None:
        """Send the kernel a signal."""
        if self.sandbox is not None:
            self.sandbox.signal(signal.Signals(signum))

    async def kill(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - theirs
        """End it at once."""
        if self.sandbox is not None:
            await self.sandbox.end()

    async def terminate(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - theirs
        """Ask it to end."""
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - theirs
        """Take away the sockets."""
        if self._relay is not None:
            await self._relay.close()
            self._relay = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Take what it is for, and leave the rest: the environment is that of the server."""
        return {
            "cmd": list(self.kernel_spec.argv),
            PLACE: kwargs.get(PLACE, ""),
            FOLDER: kwargs.get(FOLDER, ""),
        }

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """Start it; CodeSyncXError says why that can't be."""
        host, kernel = self._host, self._kernel
        key, scheme = kernel.session.key, kernel.session.signature_scheme
        await self.cleanup()
        program = Program(kernel_command(cmd), tuple(self.kernel_spec.metadata.get(READ_ONLY, ())))
        environment = kernel_environment(kwargs.get(FOLDER, ""), key, scheme)
        self.sandbox = await host.start_kernel_sandbox(kwargs[PLACE], program, environment)
        sockets = host.sockets / str(self.kernel_id).replace("-", "")[:_ID_LENGTH]
        self._relay = Relay(self.sandbox, sockets)
        await self._relay.open()
        self.connection_info = outside_connection(sockets, key, scheme)  # type: ignore[assignment]
        return self.connection_info  # type: ignore[return-value]

    @property
    def _kernel(self) -> Any:
        """The manager of this one kernel."""
        return self.parent

    @property
    def _host(self) -> Host:
        host: Host | None = getattr(self._kernel.parent, "host", None)
        if host is None:
            raise NoSandboxError("Kernels in sandboxes are only for people whom CodeSyncX let in.")
        return host
