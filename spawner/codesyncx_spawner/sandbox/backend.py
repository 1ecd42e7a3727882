"""What every kind of sandbox can do: prepare, start, logs, wait, kill, collect."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Protocol

from traitlets.config import LoggingConfigurable

if TYPE_CHECKING:
    import signal
    import socket
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from ..egress import Host
    from ..limits import Limits
    from ..selection import Mark, Selection
    from ..states import Ending


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """What runs in a sandbox and within which limits; times out by whoever started it."""

    run_id: str
    command: tuple[str, ...]
    limits: Limits
    folder: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """It may hold secrets."""
    image: str | None = None
    read_only: tuple[str, ...] = ()
    """Folders of this machine that it needs, read-only; for kinds that share the machine's."""
    has_terminal: bool = False
    """Whether the command runs in a terminal, which `logs` reads and `write` types into."""
    is_interactive: bool = False
    """Whether it is a kernel or a terminal, which goes on for as long as somebody is there."""
    network: Sequence[Host] = ()
    """The hosts that it may reach, which the server allows: by a proxy, and nothing else."""
    is_kept: bool = False
    """Whether it goes on without this process where it can, for `SandboxBackend.attach`."""
    attempt: int = 1
    """The how manieth attempt at the run this is."""
    ports: tuple[int, ...] = ()
    """Where somebody may want to connect to."""
    artifacts: tuple[str, ...] = ()
    """Patterns of what is to be collected; all if there are none."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run has used so far; None where this server can't tell."""

    cpu_s: float | None = None
    peak_memory_bytes: int | None = None


class Sandbox(Protocol):
    """One run's sandbox, from `prepare` to `release`."""

    @property
    def handle(self) -> str:
        """A text by which `SandboxBackend` finds the sandbox after this process was killed."""

    @property
    def outlasts_server(self) -> bool:
        """Whether it goes on when this process ends or is killed, for `SandboxBackend.attach`."""

    async def start(self, snapshot: IO[bytes]) -> None:
        """Put the files of a tar archive in and start the command; SandboxError if it can't be."""

    async def update(self, changed: IO[bytes], removed: Sequence[str]) -> None:
        """Put files of a tar archive in, and take others out, while the command runs.

        OSError, with the path, if there is no room or the command has put something in the way.
        """

    def logs(self) -> AsyncIterator[bytes]:
        """Give what the command and all its children print, until their end."""

    async def write(self, typed: bytes) -> None:
        """Type into the command's terminal; what it doesn't read for long is lost."""

    def resize(self, columns: int, rows: int) -> None:
        """Tell the command's terminal how large it is."""

    def signal(self, number: signal.Signals) -> None:
        """Send the command a signal; nothing if it has ended."""

    async def connect(self, port: int) -> socket.socket:
        """Connect to a port that something in the sandbox listens on; OSError if nothing does."""

    async def wait(self) -> Ending:
        """Wait until nothing runs in the sandbox any more."""

    async def kill(self, grace_s: float) -> None:
        """Ask the command to end, and end everything in the sandbox when it hasn't by then."""

    async def collect(
        self,
        target: Path,
        before: Mapping[str, Mark],
        most_bytes: int,
        is_wanted: Callable[[str], bool],
    ) -> Selection:
        """Copy what the run has made to a folder of the server's, after its end."""

    def usage(self) -> Usage:
        """Say what the run has used; after its end, of all of it."""

    async def release(self) -> None:
        """Leave nothing of the sandbox behind, at whatever point it is."""

    async def leave(self) -> None:
        """Let go of a sandbox that outlasts the server, and let it go on."""


class WaitingSandbox(Sandbox, Protocol):
    """A sandbox that stands and waits, before anybody knows what will run in it."""

    @property
    def is_standing(self) -> bool:
        """Whether it still can be used."""

    def assign(self, spec: SandboxSpec) -> None:
        """Say what runs in it, once and before `start`; its limits and image stay as they are."""


class SandboxBackend(LoggingConfigurable):
    """A kind of sandbox."""

    @abstractmethod
    async def check(self) -> None:
        """Raise NoSandboxError, with what to install or set, unless sandboxes can be had here."""

    async def lacks_image(self, spec: SandboxSpec) -> bool:
        """Whether what a run stands on has to be fetched first; OverLimitError if it may not be."""
        del spec
        return False

    async def pull(self, spec: SandboxSpec) -> None:
        """Fetch what a run stands on; SandboxError if it can't be."""

    async def close(self) -> None:
        """Let go of what the backend holds, when no sandbox is left."""

    @abstractmethod
    async def prepare(self, spec: SandboxSpec) -> Sandbox:
        """Make ready for a run; OverLimitError for what this kind can't give."""

    async def stand(self, spec: SandboxSpec, most_wait_s: float) -> WaitingSandbox | None:
        """Make a sandbox that waits so long at most; None if this kind can't, else as `prepare`.

        `spec` has a name for the sandbox in place of a run's id, and no command.
        """
        del spec, most_wait_s
        return None

    async def attach(self, spec: SandboxSpec, handle: str, *, reads_all: bool) -> Sandbox | None:
        """Take up the sandbox of a process that ended or was killed; None if it is gone.

        Its `logs` give all that was printed from the beginning on if `reads_all`, else what is
        printed from now on. SandboxError if nobody can say now.
        """
        del spec, handle, reads_all
        return None

    @abstractmethod
    async def reap(self, run_id: str, handle: str) -> None:
        """End what is left of a run's sandbox, of a process that was killed.

        `handle` is empty if the process was killed before it had one.
        """
