"""The life of one bubblewrap sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
from dataclasses import replace
from typing import IO, TYPE_CHECKING, NamedTuple

from ..artifacts import keep_artifacts
from ..errors import SandboxError
from ..states import Ending
from . import processes
from .backend import SandboxSpec, Usage
from .bubblewrap_command import (
    ETC_FILES,
    Descriptors,
    as_user,
    launch_command,
    sandbox_options,
)
from .layout import WRITABLE, mark_of
from .order import order_line
from .own_network import OwnNetwork
from .starting import starting
from .terminal import Terminal, read_or_end
from .watched_process import WatchedProcess
from .whole_start import start_whole
from .work_folder import update_folder

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from ..selection import Mark, Selection
    from .cgroups import ControlGroup

_START_TIMEOUT_S = 30.0
_WATCH_EVERY_S = 0.1
_CHUNK = 256 * 1024
#: What comes in waits here while tar is still being started.
_PIPE_BYTES = 1024 * 1024
#: What is printed is split into lines on the loop, at worst one for each byte.
_LOG_CHUNK = 4 * 1024
_MAX_COMPLAINT = 4000
_LOW_PRIORITY = 10


class BubblewrapSandbox:
    """Processes in namespaces of their own, below one bubblewrap."""

    def __init__(
        self,
        program: str,
        spec: SandboxSpec,
        seccomp: bytes,
        group: ControlGroup,
        *,
        read_only: Sequence[str],
        search_path: str,
        uid: int | None,
    ) -> None:
        """Know what will run; `uid` is the machine's user for it if this process is root."""
        self._program = program
        self._spec = spec
        self._name = spec.run_id
        self._seccomp = seccomp
        self._group = group
        self._read_only = read_only
        self._search_path = search_path
        self._uid = uid
        self._pipes: _Pipes | None = None
        self._outer = WatchedProcess()
        self._init = WatchedProcess()
        self._main = WatchedProcess()
        self._folders: dict[str, int] = {}
        self._watching: asyncio.Task[None] | None = None
        self._complaint: asyncio.Task[bytes] | None = None
        self._network = OwnNetwork()
        self._terminal: Terminal | None = None
        self._peak_bytes = 0
        self._cpu_s = 0.0
        self._ran_out_of_memory = False
        self._ran_out_of_files = False

    @property
    def handle(self) -> str:
        told = {"pid": self._init.pid, "started_at": self._init.started, "name": self._name}
        return json.dumps(told)

    @property
    def outlasts_server(self) -> bool:
        """It doesn't: what it prints comes by a pipe of ours, and it ends with us."""
        return False

    async def leave(self) -> None:
        """End it, for the same reason."""
        await self.release()

    async def stand(self) -> None:
        """Make it, up to where it waits for what it is to run; SandboxError if it can't be."""
        async with starting(_START_TIMEOUT_S):
            await self._stand()

    def assign(self, spec: SandboxSpec) -> None:
        self._spec = spec

    @property
    def is_standing(self) -> bool:
        return self._pipes is not None and self._pipes.process.returncode is None

    async def start(self, snapshot: IO[bytes]) -> None:
        async with starting(_START_TIMEOUT_S):
            variables = {"PATH": self._search_path, **self._spec.environment}
            order = order_line(replace(self._spec, environment=variables))
            self._watching = asyncio.create_task(self._watch())
            if self._spec.network:
                await self._network.open_way_out(self._init.pid, self._spec)
            await self._put_in(order, snapshot)

    async def _stand(self) -> None:
        status, block = await self._spawn()
        try:
            await self._place(status, block)
        finally:
            os.close(block)
        try:
            await self._running.stdout.readexactly(1)
        except asyncio.IncompleteReadError as error:
            raise SandboxError(f"The sandbox couldn't start: {await self._complained()}") from error
        self._look_inside()

    async def _spawn(self) -> tuple[asyncio.StreamReader, int]:
        """Start bubblewrap; give what tells its status, and what it waits for."""
        with contextlib.ExitStack() as opened, contextlib.ExitStack() as unless_it_runs:
            status_read, status_write = os.pipe()
            block_read, block_write = os.pipe()
            for descriptor in (status_write, block_read):
                opened.callback(os.close, descriptor)
            for descriptor in (status_read, block_write):
                unless_it_runs.callback(os.close, descriptor)

            def file_of(content: bytes) -> int:
                descriptor = _memory_file(content)
                opened.callback(os.close, descriptor)
                return descriptor

            files = {path: file_of(text.encode()) for path, text in ETC_FILES.items()}
            descriptors = Descriptors(file_of(self._seccomp), status_write, block_read, files)
            options = sandbox_options(self._spec, descriptors, self._read_only)
            arguments = file_of(b"".join(os.fsencode(option) + b"\0" for option in options))
            inherited = [status_write, block_read, arguments, descriptors.seccomp, *files.values()]
            making = asyncio.create_subprocess_exec(
                *as_user(self._uid),
                self._program,
                "--args",
                str(arguments),
                "--",
                *launch_command(
                    self._spec, limits_memory_itself="memory" not in self._group.enforced
                ),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=inherited,
                # Its environment can be read inside, as that of process 1.
                env={},
            )
            await start_whole(making, self._keep_process)
            unless_it_runs.pop_all()
        return await _reader(status_read), block_write

    def _keep_process(self, process: asyncio.subprocess.Process) -> None:
        """Have it for `release` to end."""
        self._outer.find(process.pid)
        self._pipes = _Pipes.of(process)
        self._complaint = asyncio.create_task(_read_some(self._pipes.stderr))

    async def _place(self, status: asyncio.StreamReader, block: int) -> None:
        """Put the sandbox into its limits before anything runs in it."""
        told = await status.readline()
        if not told:
            raise SandboxError(f"The sandbox couldn't start: {await self._complained()}")
        self._init.find(json.loads(told)["child-pid"])
        try:
            await self._limit()
            os.setpriority(os.PRIO_PROCESS, self._init.pid, _LOW_PRIORITY)
            os.write(block, b".")
        except (ProcessLookupError, BrokenPipeError) as error:
            complaint = await self._complained()
            raise SandboxError(f"The sandbox couldn't start: {complaint}") from error

    async def _limit(self) -> None:
        """Put it into its control group: the kernel lets one wait for that, some milliseconds."""
        placing = asyncio.create_task(asyncio.to_thread(self._group.place, self._init.pid))
        try:
            await asyncio.shield(placing)
        except asyncio.CancelledError:
            await asyncio.wait({placing})  # or it would be put there when the group has gone
            raise

    def _look_inside(self) -> None:
        """Open the sandbox's folders: they stay open when everything in it has ended."""
        (launcher,) = processes.children_of(self._init.pid)
        self._main.find(launcher)
        for name in WRITABLE:
            path = f"/proc/{launcher}/root{name}"
            self._folders[name] = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        if self._spec.has_terminal:
            self._terminal = Terminal.make(f"/proc/{launcher}/root/dev/pts", self._uid)

    async def _put_in(self, order: bytes, snapshot: IO[bytes]) -> None:
        stdin = self._running.stdin
        # If they don't fit, whoever runs the command is told by what it prints and its exit code.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(order)
            is_more = True
            while is_more:
                chunk = await asyncio.to_thread(snapshot.read, _CHUNK)
                is_more = len(chunk) == _CHUNK
                stdin.write(chunk)
                await stdin.drain()
        stdin.close()

    async def update(self, changed: IO[bytes], removed: Sequence[str]) -> None:
        folder = self._folders[WRITABLE[0]]
        await asyncio.to_thread(update_folder, folder, changed, removed, uid=self._uid)

    async def logs(self) -> AsyncIterator[bytes]:
        source = self._running.stdout if self._terminal is None else await self._terminal.output()
        while chunk := await read_or_end(source, _LOG_CHUNK):
            yield chunk

    async def write(self, typed: bytes) -> None:
        if self._terminal is not None:
            await self._terminal.write(typed)

    def resize(self, columns: int, rows: int) -> None:
        if self._terminal is not None:
            self._terminal.resize(columns, rows)

    def signal(self, number: signal.Signals) -> None:
        self._main.send(number)

    async def connect(self, port: int) -> socket.socket:
        return await self._network.connect(self._init.pid, port)

    async def wait(self) -> Ending:
        await self._outer.gone()
        await self._end_all()
        return Ending(
            await self._running.process.wait(),
            ran_out_of_memory=self._ran_out_of_memory or self._group.ran_out_of_memory(),
            ran_out_of_files=self._ran_out_of_files,
        )

    async def kill(self, grace_s: float) -> None:
        if grace_s > 0:
            self._main.send(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._outer.gone(), grace_s)
        await self._end_all()

    async def _end_all(self) -> None:
        """End process 1 of the sandbox, with which the kernel ends every other, and see it gone."""
        for process in (self._init, self._outer):
            process.send(signal.SIGKILL)
            await process.gone()

    async def collect(
        self,
        target: Path,
        before: Mapping[str, Mark],
        most_bytes: int,
        is_wanted: Callable[[str], bool],
    ) -> Selection:
        return await asyncio.to_thread(
            keep_artifacts,
            self._folders[WRITABLE[0]],
            target,
            before,
            most_bytes=most_bytes,
            is_wanted=is_wanted,
        )

    def usage(self) -> Usage:
        cpu_s, peak = self._group.cpu_s(), self._group.peak_memory_bytes()
        return Usage(
            self._cpu_s if cpu_s is None else cpu_s, self._peak_bytes if peak is None else peak
        )

    async def release(self) -> None:
        await self._end_all()
        await self._network.close()
        if self._terminal is not None:
            self._terminal.close()
        if not self._init.pid:
            # Killed before it has said who process 1 is, which then waits for it for ever.
            await asyncio.to_thread(processes.end_marked, mark_of(self._name))
        if self._pipes is not None:
            await self._drain(self._pipes)
        tasks = [task for task in (self._watching, self._complaint) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for descriptor in self._folders.values():
            os.close(descriptor)
        self._folders.clear()
        for process in (self._outer, self._init, self._main):
            process.close()
        await asyncio.to_thread(self._group.remove)

    async def _drain(self, pipes: _Pipes) -> None:
        """Read what nobody has: only then does asyncio see the process' end."""
        with contextlib.suppress(RuntimeError):  # somebody is reading it
            while await pipes.stdout.read(_CHUNK):
                pass
        await pipes.process.wait()

    @property
    def _running(self) -> _Pipes:
        if self._pipes is None:
            raise SandboxError("The sandbox hasn't been started.")
        return self._pipes

    async def _watch(self) -> None:
        """Look after what the kernel doesn't limit here."""
        adds_up = "memory" not in self._group.enforced
        while True:
            for folder in self._folders.values():
                status = os.fstatvfs(folder)
                if status.f_files - status.f_ffree > self._spec.limits.files:
                    self._ran_out_of_files = True
            # The kernel ends one of the processes: the others may wait for it for ever.
            self._ran_out_of_memory |= self._group.ran_out_of_memory()
            family = processes.family_of(self._init.pid) if adds_up else []
            if family:
                used = processes.memory_bytes(family) + self._file_bytes()
                self._cpu_s = max(self._cpu_s, processes.cpu_seconds(family))
                self._peak_bytes = max(self._peak_bytes, used)
                self._ran_out_of_memory |= used > self._spec.limits.memory_bytes
            if self._ran_out_of_files or self._ran_out_of_memory:
                self._init.send(signal.SIGKILL)
                return
            await asyncio.sleep(_WATCH_EVERY_S)

    def _file_bytes(self) -> int:
        """Give what the files in the sandbox take, which are memory too."""
        found = [os.fstatvfs(folder) for folder in self._folders.values()]
        return sum((one.f_blocks - one.f_bfree) * one.f_frsize for one in found)

    async def _complained(self) -> str:
        if self._complaint is None:
            return "it said nothing."
        told = (await self._complaint).decode(errors="replace").strip()
        return told or "it said nothing."


class _Pipes(NamedTuple):
    process: asyncio.subprocess.Process
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader

    @classmethod
    def of(cls, process: asyncio.subprocess.Process) -> _Pipes:
        """Give a process that was started with all three."""
        stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
        if stdin is None or stdout is None or stderr is None:
            raise SandboxError("The sandbox has no pipes.")
        # More than its user may have, or it has ended already.
        with contextlib.suppress(OSError, ValueError):
            fcntl.fcntl(stdin.get_extra_info("pipe"), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return cls(process, stdin, stdout, stderr)


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("codesyncx")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    return reader


async def _read_some(stream: asyncio.StreamReader) -> bytes:
    """Read to the end, and keep the beginning."""
    kept = b""
    while chunk := await stream.read(_CHUNK):
        kept = (kept + chunk)[:_MAX_COMPLAINT]
    return kept
