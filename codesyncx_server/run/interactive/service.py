"""Makes the sandboxes of people's kernels and terminals, and ends them in time."""

from __future__ import annotations

import asyncio
import io
import secrets
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import zmq
import zmq.asyncio
from codesyncx_spawner.errors import DoesNotFitError, NoSandboxError, OverLimitError
from codesyncx_spawner.interactive.commands import terminal_command, terminal_environment
from codesyncx_spawner.interactive.ledger import Ledger
from codesyncx_spawner.interactive.live import LiveSandbox
from codesyncx_spawner.interactive.programs import Program
from codesyncx_spawner.limits import Limits, read_limits
from codesyncx_spawner.sandbox.backend import SandboxSpec
from jupyter_server._tz import utcnow
from traitlets import Bool, Dict, Int, TraitError
from traitlets.config import LoggingConfigurable

from ...errors import CodeSyncXError, RefusedError, TooManyError
from ...gate.sight import PLACES
from .kernel_programs import KernelPrograms
from .person_services import PersonServices
from .rights import may_keep, require_place

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from typing import IO

    from codesyncx_spawner.sandbox.backend import Sandbox, SandboxBackend
    from jupyter_server.serverapp import ServerApp

    from ...access.model import Person
    from ...gate.places import Places
    from ..project_files import ProjectFiles
    from .rights import Place

#: A kernel has a dozen threads before it does anything, and numeric libraries like memory.
USUALLY = Limits(memory_bytes=1_000_000_000, pids=128, open_files=1024)
#: The largest message of a kernel's that the server takes into its memory.
_MOST_MESSAGE_BYTES = 32_000_000
_CULL_EVERY_S = 30.0
_NO_LONGER = "You may no longer run it, or no longer read all the files that it has."


@dataclass(slots=True, eq=False)
class _Entry:
    """A sandbox that lives, or is about to."""

    services: PersonServices
    place: Place
    files: tuple[str, ...] = ()
    sandbox: LiveSandbox | None = None


class InteractiveSandboxes(LoggingConfigurable):
    """Kernels and terminals in sandboxes."""

    limits = Dict(
        config=True,
        help="""What a kernel or a terminal in a sandbox may use, by the names of limits in
        .codesyncx/run.toml: {"memory": "2 GB"} raises or lowers that, the others stay as they are.
        "output" is for each cell; "time" means nothing here, see idle_timeout_s.""",
    )

    max_sandboxes = Int(
        12, min=1, config=True, help="""How many such kernels and terminals there may be at once."""
    )

    max_sandboxes_per_person = Int(
        4, min=1, config=True, help="""How many of them one person may have at once."""
    )

    idle_timeout_s = Int(
        3600,
        min=1,
        config=True,
        help="""After how many seconds a kernel or terminal ends in which nothing has happened.""",
    )

    share_environment = Bool(
        default_value=True,
        config=True,
        help="""Whether the Python environment of a kernel is in its sandbox, read-only: `bin` and
        `lib` of the one that JupyterLab runs in, usually. Whoever may run code may read what is
        installed there. Without, a kernel has the Python that is in every sandbox.""",
    )

    def __init__(
        self, server: ServerApp, backend: SandboxBackend, files: ProjectFiles, folder: Path
    ) -> None:
        """Start nothing yet; `folder` is where it is written down what runs."""
        super().__init__(parent=server)
        self.server = server
        self.executor = ThreadPoolExecutor(4, thread_name_prefix="terminals")
        self.context = zmq.asyncio.Context()
        self.context.setsockopt(zmq.MAXMSGSIZE, _MOST_MESSAGE_BYTES)
        self.programs = KernelPrograms(
            server.web_app.settings["kernel_spec_manager"],
            self.works,
            share_environment=self.share_environment,
            parent=server,
        )
        self._backend = backend
        self._files = files
        self._folder = folder
        self._ledger: Ledger | None = Ledger(folder)
        self._people: dict[tuple[str, str | None], PersonServices] = {}
        self._entries: set[_Entry] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.limits_now, complaints = read_limits(
            self.limits, "InteractiveSandboxes.limits", USUALLY
        )
        if complaints:
            raise TraitError(" ".join(complaints))

    # -- its life -------------------------------------------------------------------------------

    async def open(self) -> None:
        """End what servers that were killed have left."""
        left = self.ledger.left()
        while (one := await asyncio.to_thread(next, left, None)) is not None:
            try:
                await self._backend.reap(one.sandbox_id, one.handle)
            except CodeSyncXError as error:
                self.log.warning("A sandbox of an earlier server couldn't be ended: %s", error)
        self._keep(self._cull())

    async def close(self) -> None:
        """End everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for services in self._people.values():
            await services.close()
        living = [entry.sandbox for entry in self._entries if entry.sandbox is not None]
        await asyncio.gather(*(sandbox.end() for sandbox in living))
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.context.destroy(linger=0)
        if self._ledger is not None:
            await asyncio.to_thread(self._ledger.close)
            self._ledger = None

    @property
    def ledger(self) -> Ledger:
        """Where it is written down what runs; NoSandboxError when that is over."""
        if self._ledger is None:
            raise NoSandboxError("The server is ending.")
        return self._ledger

    @property
    def living(self) -> int:
        """How many sandboxes there are."""
        return len(self._entries)

    @property
    def kernels(self) -> int:
        """How many kernels are known, those that have ended with the others."""
        return sum(len(one.kernel_manager.list_kernel_ids()) for one in self._people.values())

    # -- people ---------------------------------------------------------------------------------

    @property
    def places(self) -> Places:
        """Where things are in the project."""
        places: Places = self.server.web_app.settings[PLACES]
        return places

    def for_person(self, person: Person) -> PersonServices:
        """Give what somebody has; NoSandboxError when the server ends."""
        key = (person.username, person.link)
        if key not in self._people:
            self._people[key] = PersonServices(self, person)
        return self._people[key]

    def require_room(self, services: PersonServices) -> None:
        """Raise TooManyError if they, or all together, have as many as may be."""
        theirs = [entry for entry in self._entries if entry.services is services]
        if len(theirs) >= self.max_sandboxes_per_person:
            raise TooManyError(
                f"You have {len(theirs)} kernels and terminals, which is all that one person may"
                " have at once. Shut one down first."
            )
        if len(self._entries) >= self.max_sandboxes:
            raise TooManyError(
                f"There are {len(self._entries)} kernels and terminals in sandboxes, which is all"
                " that this server may have at once. Try again later."
            )

    def judge_again(self) -> None:
        """End what somebody may no longer have, now that access has changed."""
        for entry in self._entries:
            self._keep(self._judge(entry))

    async def _judge(self, entry: _Entry) -> None:
        sandbox = entry.sandbox
        if sandbox is not None and not sandbox.is_over and not await self._may_keep(entry):
            await entry.services.end(sandbox, _NO_LONGER)

    async def _may_keep(self, entry: _Entry) -> bool:
        try:
            sight = entry.services.sight
            return await asyncio.to_thread(may_keep, sight, entry.place, entry.files)
        except CodeSyncXError:
            return False

    # -- sandboxes ------------------------------------------------------------------------------

    async def begin(
        self,
        services: PersonServices,
        place: Place,
        program: Program,
        environment: dict[str, str],
        printed: Callable[[bytes], None] = lambda _: None,
        *,
        has_terminal: bool = False,
    ) -> LiveSandbox:
        """Start a program on what somebody may read now; CodeSyncXError says why it can't be."""
        require_place(services.sight, place)
        self.require_room(services)
        entry = _Entry(services, place)
        self._entries.add(entry)
        spec = SandboxSpec(
            f"live-{secrets.token_hex(8)}",
            program.argv,
            self.limits_now,
            environment=environment,
            read_only=program.read_only,
            has_terminal=has_terminal,
            is_interactive=True,
        )
        try:
            sandbox = await self._make(entry, spec, printed)
        except BaseException:
            self._entries.discard(entry)
            raise
        if not await self._may_keep(entry):
            # It was taken back while the files were gathered.
            await sandbox.end(_NO_LONGER)
            raise RefusedError(_NO_LONGER)
        return sandbox

    async def begin_terminal(
        self, services: PersonServices, place: Place, printed: Callable[[bytes], None]
    ) -> LiveSandbox:
        """Start a shell in a terminal."""
        environment = terminal_environment(place.folder)
        program = Program(terminal_command())
        return await self.begin(services, place, program, environment, printed, has_terminal=True)

    async def _make(
        self, entry: _Entry, spec: SandboxSpec, printed: Callable[[bytes], None]
    ) -> LiveSandbox:
        ledger = self.ledger
        await asyncio.to_thread(ledger.note, spec.run_id)

        async def released() -> None:
            self._entries.discard(entry)
            await asyncio.to_thread(ledger.forget, spec.run_id)

        try:
            with tempfile.TemporaryFile(dir=self._folder) as archive:
                entry.files = await self._snapshot(entry.services, archive, spec.limits)
                archive.seek(0)
                sandbox = await self._started(spec, archive)
        except BaseException:
            await released()
            raise
        await asyncio.to_thread(ledger.note, spec.run_id, sandbox.handle)
        entry.sandbox = LiveSandbox(sandbox, spec.limits, printed, released)
        return entry.sandbox

    async def _snapshot(
        self, services: PersonServices, archive: IO[bytes], limits: Limits
    ) -> tuple[str, ...]:
        try:
            snapshot = await self._files.snapshot_for(services.sight, archive, limits)
        except DoesNotFitError as error:
            raise OverLimitError(
                f"{error.fact}: ask whoever looks after this server to raise "
                "InteractiveSandboxes.limits."
            ) from error
        return tuple(snapshot.marks)

    async def _started(self, spec: SandboxSpec, archive: IO[bytes]) -> Sandbox:
        sandbox = await self._backend.prepare(spec)
        try:
            await sandbox.start(archive)
        except BaseException:
            await sandbox.release()
            raise
        return sandbox

    async def works(self, program: Program) -> bool:
        """Whether a kernel's program starts in a sandbox; SandboxError says what came between."""
        spec = SandboxSpec(
            f"trial-{secrets.token_hex(8)}",
            program.trial(),
            USUALLY,
            read_only=program.read_only,
            is_interactive=True,
        )
        sandbox = await self._started(spec, io.BytesIO(bytes(2 * tarfile.BLOCKSIZE)))
        try:
            async for _ in sandbox.logs():
                pass
            return (await sandbox.wait()).exit_code == 0
        finally:
            await sandbox.release()

    # -- tasks ----------------------------------------------------------------------------------

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cull(self) -> None:
        """End terminals in which nothing happens; kernels are looked after by their managers."""
        idle = timedelta(seconds=self.idle_timeout_s)
        while True:
            await asyncio.sleep(min(_CULL_EVERY_S, self.idle_timeout_s))
            for services in self._people.values():
                for terminal in list(services.terminal_manager.terminals.values()):
                    if terminal.sandbox is not None and utcnow() - terminal.last_activity > idle:
                        await terminal.sandbox.end("It was ended: nothing has happened for long.")
