"""The life of one sandbox by Docker."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import secrets
from pathlib import Path
from typing import IO, TYPE_CHECKING

import aiohttp
from aiodocker.exceptions import DockerError

from ..errors import SandboxError
from ..selection import LeftOut, Selection
from ..states import Ending
from .collecting import keep_fetched
from .container_launcher import END_SIGNAL, UPDATE, EndMark
from .docker_logs import kept_output
from .docker_relay import connect_by_relay
from .layout import WORK
from .order import order_line
from .own_network import OwnNetwork
from .starting import starting

if TYPE_CHECKING:
    import socket
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Callable,
        Mapping,
        Sequence,
    )
    from signal import Signals

    from aiodocker import Docker
    from aiodocker.containers import DockerContainer
    from aiodocker.stream import Stream

    from ..selection import Mark
    from .backend import SandboxSpec, Usage

#: What a daemon that is gone, or that refuses, raises.
DOCKER_ERRORS = (DockerError, aiohttp.ClientError, OSError, TimeoutError)
_START_TIMEOUT_S = 60.0
_LOOK_EVERY_S = 0.25
#: How long process 1 has to end the others, on a machine that may be busy.
_END_S = 10.0
#: How long a daemon may be away for whoever restarts it.
_AWAY_S = 30.0
_CHUNK = 256 * 1024
_MOST_TOLD = 500
#: What is printed is split into lines on the loop, at worst one for each byte.
_LOG_CHUNK = 4 * 1024
_STDOUT = 1
_KILLED = 137
#: How much longer than its time a command may take that no server looks after.
_SPARE_S = 30.0
_NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_read=None)


class DockerSandbox:
    """A container with a command, below the launcher that is its process 1."""

    def __init__(
        self,
        docker: Docker,
        container: DockerContainer,
        spec: SandboxSpec,
        remove: Callable[[], Awaitable[None]],
        *,
        may_enter: bool,
        name: str,
        mark: str | None = None,
    ) -> None:
        """Take a container that has been made and not started; `remove` takes it away.

        One that has been started before has its `mark`, and is to be taken up.

        `may_enter`: this process can enter the network of processes of this machine, and the
        container's is one of them.
        """
        self._docker = docker
        self._container = container
        self._spec = spec
        self._remove = remove
        self._may_enter = may_enter
        self._name = name
        self._mark = mark or secrets.token_hex(16)
        self._end = EndMark(self._mark)
        self._ended = asyncio.Event()
        self._output: asyncio.Queue[bytes] = asyncio.Queue(16)
        self._attached: Stream | None = None
        self._files: Stream | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._network = OwnNetwork()
        self._ran_out_of_memory = False
        self._was_away = False
        self._is_frozen = False
        self._failure = ""
        self._kept: AsyncGenerator[bytes] | None = None
        self._read_ahead: list[bytes] = []

    @property
    def handle(self) -> str:
        return json.dumps({"container": self._container.id, "name": self._name, "mark": self._mark})

    @property
    def outlasts_server(self) -> bool:
        return self._spec.is_kept

    async def take_up(self, *, reads_all: bool) -> bool:
        """Go on with what another process has started; False if that is gone or can't be read."""
        state = (await self._container.show())["State"]
        if not state["Running"]:
            return False
        self._is_frozen = state["Paused"]
        if self._spec.network and not self._is_frozen:
            await self._open_way_out()
        printed = kept_output(self._docker, self._container.id, reads_all=reads_all)
        if reads_all:
            while self._end.is_whole is None:
                self._read_ahead.append(self._end.feed(await anext(printed, b"\n")))
            if not self._end.is_whole:
                # So much was printed meanwhile that the beginning of it isn't kept.
                await printed.aclose()
                return False
        self._kept = printed
        self._watch()
        return True

    async def stand(self) -> None:
        """Start it, up to where it waits for what it is to run; SandboxError if it can't be."""
        async with starting(_START_TIMEOUT_S, DOCKER_ERRORS, said_by):
            await self._attach()
            await self._container.start()
            self._watch()

    async def _attach(self) -> None:
        """Begin to listen and to speak: before it runs, or the first it prints would be lost."""
        self._attached = self._container.attach(stdout=True, stderr=True)
        await self._attached.__aenter__()
        self._files = self._container.attach(stdin=True)
        await self._files.__aenter__()

    def _watch(self) -> None:
        for watch in (self._read(), self._watch_memory()):
            self._tasks.add(asyncio.create_task(watch))

    def assign(self, spec: SandboxSpec) -> None:
        self._spec = spec

    @property
    def is_standing(self) -> bool:
        return self._files is not None and not self._ended.is_set()

    async def start(self, snapshot: IO[bytes]) -> None:
        async with starting(_START_TIMEOUT_S, DOCKER_ERRORS, said_by):
            order = order_line(self._spec)
            if self._spec.network:
                await self._open_way_out()
            putting_in = asyncio.create_task(self._put_in(order, snapshot))
            ending = asyncio.create_task(self._ended.wait())
            both = {putting_in, ending}
            try:
                # If they don't fit it ends, and what is still to come is read by nobody.
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in both:
                    task.cancel()
                await asyncio.wait(both)
            if not putting_in.cancelled():
                putting_in.result()
            await self._close_files()

    async def _open_way_out(self) -> None:
        """Listen in the container before anything runs in it but the launcher, which waits."""
        pid = await self._process()
        if pid is None:
            raise SandboxError(
                "Runs by Docker reach no hosts on this server: the server would have to be root on "
                "Docker's machine, and its containers not gVisor's."
            )
        await self._network.open_way_out(pid, self._spec)

    async def _put_in(self, order: bytes, snapshot: IO[bytes]) -> None:
        if self._files is None:
            raise SandboxError("The sandbox doesn't stand.")
        # If they don't fit, whoever runs the command is told by what it prints.
        with contextlib.suppress(ConnectionError):
            begun = order + self._mark_line()
            is_more = True
            while is_more:
                chunk = await asyncio.to_thread(snapshot.read, _CHUNK)
                is_more = len(chunk) == _CHUNK
                await self._files.write_in(begun + chunk)
                begun = b""

    def _mark_line(self) -> bytes:
        most_s = f" {self._spec.limits.time_s + _SPARE_S:.0f}" if self._spec.is_kept else ""
        return f"{self._mark}{most_s}\n".encode()

    async def update(self, changed: IO[bytes], removed: Sequence[str]) -> None:
        size = changed.seek(0, os.SEEK_END)
        changed.seek(0)
        # As the command's own user and within its limits, whatever it has put in the way.
        command = ["/bin/sh", "-c", UPDATE, "codesyncx-update", str(size), *removed]
        try:
            execution = await self._container.exec(command, stdin=True)
            async with execution.start() as stream:
                while chunk := await asyncio.to_thread(changed.read, _CHUNK):
                    await stream.write_in(chunk)
                told = b""
                while message := await stream.read_out():
                    told = (told + message.data)[:_MOST_TOLD]
            exit_code = (await execution.inspect())["ExitCode"]
        except DOCKER_ERRORS as error:
            raise OSError(errno.EIO, said_by(error), WORK) from error
        # Killed, it was with all else: the run is over.
        if exit_code not in {None, 0, _KILLED}:
            raise OSError(errno.EIO, told.decode(errors="replace").strip() or "no room", WORK)

    async def logs(self) -> AsyncIterator[bytes]:
        while chunk := await self._output.get():
            yield chunk

    async def write(self, typed: bytes) -> None:
        """Lose it: there are no terminals here, see `DockerBackend.prepare`."""

    def resize(self, columns: int, rows: int) -> None:
        """Do nothing, for the same reason."""

    def signal(self, number: Signals) -> None:
        sending = asyncio.create_task(self._signal_all(number))
        self._tasks.add(sending)
        sending.add_done_callback(self._tasks.discard)

    async def _signal_all(self, number: Signals) -> None:
        """Signal the command and its children; process 1 isn't among those that get it."""
        with contextlib.suppress(*DOCKER_ERRORS):
            execution = await self._container.exec(["/bin/sh", "-c", f"kill -{int(number)} -1"])
            async with execution.start() as stream:
                while await stream.read_out():
                    pass

    async def _read(self) -> None:
        """Read what it prints to the end, also past a daemon that is started anew meanwhile."""
        while True:
            try:
                await (self._read_attached() if self._kept is None else self._read_kept())
                if self._end.exit_code is not None or not await self._still_runs():
                    break
                await self._close_attached()
                self._was_away = True
                self._attached = self._container.attach(stdout=True, stderr=True)
                await self._attached.__aenter__()
            except DOCKER_ERRORS as error:
                self._failure = said_by(error)
                break
        self._ended.set()
        for chunk in (self._end.rest(), b""):
            await self._output.put(chunk)

    async def _read_attached(self) -> None:
        while self._attached is not None and (message := await self._attached.read_out()):
            await self._pass_on(self._end.feed(message.data))
            if self._end.exit_code is not None:
                return

    async def _read_kept(self) -> None:
        printed, self._kept = self._kept, None
        for before in self._read_ahead:
            await self._pass_on(before)
        self._read_ahead = []
        while (
            printed is not None
            and self._end.exit_code is None
            and (data := await anext(printed, None)) is not None
        ):
            await self._pass_on(self._end.feed(data))
        if printed is not None:
            await printed.aclose()

    async def _pass_on(self, printed: bytes) -> None:
        for start in range(0, len(printed), _LOG_CHUNK):
            await self._output.put(printed[start : start + _LOG_CHUNK])

    async def _still_runs(self) -> bool:
        """Whether the container runs; DockerError and others if nobody can say for a while."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _AWAY_S
        while True:
            try:
                return bool((await self._container.show())["State"]["Running"])
            except DOCKER_ERRORS as error:
                if isinstance(error, DockerError) or loop.time() > until:
                    raise
                self._failure = said_by(error)
                await asyncio.sleep(_LOOK_EVERY_S)

    async def wait(self) -> Ending:
        await self._ended.wait()
        exit_code = self._end.exit_code
        try:
            if exit_code is not None:
                # Nothing runs any more; if something did, it couldn't change what is fetched now.
                if not (self._was_away or self._is_frozen):
                    await self._container.pause()
                    self._is_frozen = True
            elif self._failure:
                raise SandboxError(f"Docker went away while it ran: {self._failure}")
            else:
                state = (await self._container.show())["State"]
                exit_code = state["ExitCode"]
                self._ran_out_of_memory |= state["OOMKilled"]
        except DOCKER_ERRORS as error:
            raise SandboxError(f"Docker went away while it ran: {said_by(error)}") from error
        return Ending(exit_code, ran_out_of_memory=self._ran_out_of_memory)

    async def kill(self, grace_s: float) -> None:
        # The last is for a launcher that doesn't get to it; then the files are lost.
        for number, patience_s in (("SIGTERM", grace_s), (END_SIGNAL, _END_S), ("SIGKILL", _END_S)):
            if patience_s <= 0 or self._ended.is_set():
                continue
            with contextlib.suppress(*DOCKER_ERRORS):  # it has ended, or `wait` tells
                await self._container.kill(signal=number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), patience_s)

    async def collect(
        self,
        target: Path,
        before: Mapping[str, Mark],
        most_bytes: int,
        is_wanted: Callable[[str], bool],
    ) -> Selection:
        if self._end.exit_code is None:
            why = "the sandbox was gone before its files could be fetched."
            return Selection(left_out=[LeftOut("*", why)])
        try:
            return await keep_fetched(
                self._fetch,
                target,
                before,
                is_wanted,
                most_bytes=most_bytes,
                disk_bytes=self._spec.limits.disk_bytes,
            )
        except OSError as error:
            told = self._failure or said_by(error)
            raise SandboxError(f"The files that it made couldn't be fetched: {told}") from error

    async def _fetch(self, writer: asyncio.StreamWriter) -> None:
        """Send on the archive of the work folder, until nobody reads any more."""
        try:
            async for chunk in self._packed() if self._was_away else self._archived():
                writer.write(chunk)
                await writer.drain()
        except DOCKER_ERRORS as error:
            self._failure = said_by(error)
        finally:
            writer.close()

    async def _archived(self) -> AsyncIterator[bytes]:
        # aiodocker has no way of its own that doesn't take all of it into memory.
        async with (
            self._docker._query(
                f"containers/{self._container.id}/archive", params={"path": WORK}, timeout=_NO_LIMIT
            ) as response,
            response,
        ):
            async for chunk in response.content.iter_chunked(_CHUNK):
                yield chunk

    async def _packed(self) -> AsyncIterator[bytes]:
        """Have the work folder packed inside: a daemon started anew finds another one in place."""
        command = ["tar", "-cf", "-", "-C", "/", WORK[1:]]
        execution = await self._container.exec(command, environment={"PATH": "/usr/bin:/bin"})
        async with execution.start() as stream:
            while message := await stream.read_out():
                if message.stream == _STDOUT:
                    yield message.data

    async def connect(self, port: int) -> socket.socket:
        try:
            if (pid := await self._process()) is None:
                return await connect_by_relay(self._container, port, self._tasks)
        except DOCKER_ERRORS as error:
            raise ConnectionRefusedError(said_by(error)) from error
        return await self._network.connect(pid, port)

    async def _process(self) -> int | None:
        """Give process 1 as this machine knows it; None if its network can't be entered by us."""
        if not self._may_enter:
            return None
        told = await self._container.show()
        pid = int(told["State"]["Pid"])
        try:
            # Of a daemon elsewhere, the number is that of some process of ours.
            groups = await asyncio.to_thread(Path(f"/proc/{pid}/cgroup").read_text)
        except OSError:
            return None
        return pid if self._container.id in groups else None

    def usage(self) -> Usage:
        return self._end.usage

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._close_files()
        if self._kept is not None:
            await self._kept.aclose()
        await self._close_attached()
        await self._network.close()

    async def release(self) -> None:
        await self.leave()
        if self._is_frozen:
            # What is frozen can't be ended by gVisor, and Docker would wait for it.
            with contextlib.suppress(*DOCKER_ERRORS):
                await self._container.unpause()
        await self._remove()

    async def _close_files(self) -> None:
        if self._files is not None:
            files, self._files = self._files, None
            # Its `close` needs the connection that may be gone.
            with contextlib.suppress(AssertionError):
                await files.close()

    async def _close_attached(self) -> None:
        if self._attached is not None:
            # Its `close` needs the connection that may be gone.
            with contextlib.suppress(AssertionError):
                await self._attached.close()
            self._attached = None

    async def _watch_memory(self) -> None:
        """End all of it when one of its processes was ended: the others may wait for it."""
        filters = {"container": [self._container.id], "event": ["oom"]}
        params = {"filters": json.dumps(filters), "since": "1"}
        with contextlib.suppress(*DOCKER_ERRORS):
            async with (
                self._docker._query("events", params=params, timeout=_NO_LIMIT) as response,
                response,
            ):
                if await response.content.readline():
                    self._ran_out_of_memory = True
                    await self._container.kill(signal=END_SIGNAL)


def said_by(error: BaseException) -> str:
    """Give what an error of Docker's says, without its number."""
    return error.message if isinstance(error, DockerError) else str(error) or repr(error)
