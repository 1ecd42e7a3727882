"""The life of one sandbox by Kubernetes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import secrets
import socket
from typing import IO, TYPE_CHECKING, Any

from ..errors import SandboxError
from ..selection import LeftOut, Selection
from ..states import Ending
from .collecting import keep_fetched
from .container_launcher import UPDATE, EndMark
from .docker_relay import pass_on, relay_command
from .kubernetes_client import KUBERNETES_ERRORS, said_by
from .kubernetes_exec import STDOUT
from .kubernetes_manifests import FEED, exports
from .kubernetes_status import (
    LogLines,
    ending_of,
    is_over,
    runs,
    why_it_never_runs,
    why_it_waits,
)
from .layout import WORK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
    from pathlib import Path
    from signal import Signals

    from ..selection import Mark
    from .backend import SandboxSpec, Usage
    from .kubernetes_client import KubernetesClient
    from .kubernetes_exec import Exec

_FEED_S = 60.0
_CONNECT_S = 15.0
_COMMAND_S = 60.0
#: How long process 1 has to end the others, on a node that may be busy.
_END_S = 10.0
#: How long a cluster's API may be away for whoever restarts it.
_AWAY_S = 30.0
_LOOK_EVERY_S = 0.25
_EVENT_AFTER_S = 2.0
_DRAIN_S = 5.0
_AFTER_KILL_S = 1.0
_CHUNK = 256 * 1024
_LOG_CHUNK = 4 * 1024
_KILLED = 137


class KubernetesSandbox:
    """A pod with a command, below the launcher that is its process 1."""

    def __init__(
        self,
        client: KubernetesClient,
        spec: SandboxSpec,
        remove: Callable[[], Awaitable[None]],
        *,
        wait_s: float,
    ) -> None:
        """Take a Job that waits; `remove` takes it away. Its pod may wait for `wait_s`."""
        self._client = client
        self._spec = spec
        self._remove = remove
        self._wait_s = wait_s
        self._mark = secrets.token_hex(16)
        self._end = EndMark(self._mark)
        self._lines = LogLines()
        self._output: asyncio.Queue[bytes] = asyncio.Queue(16)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pod: dict[str, Any] | None = None
        self._had_pod = False
        self._changed = asyncio.Condition()
        self._is_over = asyncio.Event()
        """Set when nothing of the run goes on: it has said so, or its pod is at its end."""
        self._is_given_up = asyncio.Event()
        """Set when what is still to be printed isn't waited for any longer."""
        self._failure = ""
        """Why nothing is known of the pod any more."""
        self._unfetched = ""
        """Why its files couldn't be fetched."""
        self._was_killed = False

    @property
    def handle(self) -> str:
        return json.dumps({"job": self._spec.run_id})

    @property
    def outlasts_server(self) -> bool:
        return False

    async def start(self, snapshot: IO[bytes]) -> None:
        try:
            await self._client.resume(self._spec.run_id)
            self._keep(self._follow_pod())
            name = await self._until_it_runs()
            self._keep(self._read(name))
            await self._put_in(name, snapshot)
        except KUBERNETES_ERRORS as error:
            await self._raise_for_early_end()
            raise SandboxError(f"The sandbox couldn't be started: {said_by(error)}") from error

    async def _is_gone(self, within_s: float = _DRAIN_S) -> bool:
        """Whether what has just gone wrong did so because the pod is at its end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._changed:
                await self._changed.wait_for(lambda: self._runs_no_more)
        return self._runs_no_more and not self._failure

    async def _raise_for_early_end(self) -> None:
        """Say why nothing takes in files, if that is because the sandbox has ended."""
        if await self._is_gone():
            ending = ending_of(self._pod, None)
            raise SandboxError(f"The sandbox ended before it began, with {ending.exit_code}.")

    async def _until_it_runs(self) -> str:
        """Wait for the container; give the pod's name. SandboxError with what keeps it."""
        begun = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._wait_s), self._changed:
                while True:
                    pod = self._pod
                    if self._failure:
                        raise SandboxError(f"Kubernetes went away: {self._failure}")
                    if pod is not None and runs(pod):
                        return str(pod["metadata"]["name"])
                    if pod is not None and is_over(pod):
                        break
                    if pod is not None and (why := why_it_never_runs(pod)):
                        raise SandboxError(why)
                    waited_s = asyncio.get_running_loop().time() - begun
                    if pod is None and waited_s > _EVENT_AFTER_S:
                        await self._raise_for_event()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), _EVENT_AFTER_S)
        except TimeoutError as error:
            why = why_it_waits(self._pod) if self._pod is not None else "It has no pod."
            raise SandboxError(
                f"The cluster didn't start the sandbox within {self._wait_s:g} s. {why}".strip()
            ) from error
        await self._raise_for_early_end()
        raise ConnectionRefusedError("it has ended")

    async def _raise_for_event(self) -> None:
        """Say why the cluster makes no pod: a quota, or a rule of the namespace."""
        if why := await self._client.last_event(self._spec.run_id):
            raise SandboxError(f"The cluster doesn't make the sandbox: {why}")

    async def _put_in(self, name: str, snapshot: IO[bytes]) -> None:
        size = snapshot.seek(0, os.SEEK_END)
        snapshot.seek(0)
        told = exports(self._spec)
        first = b"%d\n%s%s\n" % (len(told), told, self._mark.encode())
        command = ["/bin/sh", "-c", FEED, "codesyncx-feed", str(len(first) + size)]
        execution = await self._client.execute(name, command, has_input=True)
        feeding = asyncio.create_task(self._feed(execution, first, snapshot))
        ending = asyncio.create_task(self._is_over.wait())
        try:
            # If they don't fit it ends, and what is still to come is read by nobody.
            async with asyncio.timeout(_FEED_S):
                await asyncio.wait({feeding, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            feeding.cancel()
            ending.cancel()
            await asyncio.wait({feeding, ending})
            await execution.close()
        if not feeding.cancelled():
            feeding.result()
        if self._is_over.is_set() and self._end.exit_code is None:
            await self._raise_for_early_end()

    async def _feed(self, execution: Exec, first: bytes, snapshot: IO[bytes]) -> None:
        with contextlib.suppress(ConnectionError):
            await execution.write_in(first)
            while chunk := await asyncio.to_thread(snapshot.read, _CHUNK):
                await execution.write_in(chunk)
        while await execution.read_out():
            pass

    async def update(self, changed: IO[bytes], removed: Sequence[str]) -> None:
        size = changed.seek(0, os.SEEK_END)
        changed.seek(0)
        command = ["/bin/sh", "-c", UPDATE, "codesyncx-update", str(size), *removed]
        try:
            async with asyncio.timeout(_COMMAND_S):
                execution = await self._execute(command, has_input=True)
                with contextlib.suppress(ConnectionError):  # then its exit code tells
                    while chunk := await asyncio.to_thread(changed.read, _CHUNK):
                        await execution.write_in(chunk)
                told = await execution.finish()
        except (*KUBERNETES_ERRORS, SandboxError) as error:
            raise OSError(errno.EIO, said_by(error), WORK) from error
        # Killed, it was with all else: the run is over.
        if execution.exit_code not in {None, 0, _KILLED}:
            raise OSError(errno.EIO, told.decode(errors="replace").strip() or "no room", WORK)

    async def logs(self) -> AsyncIterator[bytes]:
        while chunk := await self._output.get():
            yield chunk

    async def write(self, typed: bytes) -> None:
        """Lose it: there are no terminals here, see `KubernetesBackend.prepare`."""

    def resize(self, columns: int, rows: int) -> None:
        """Do nothing, for the same reason."""

    def signal(self, number: Signals) -> None:
        self._keep(self._signal(int(number), -1))

    async def _signal(self, number: int, process: int) -> None:
        """Signal process 1, or with -1 all others."""
        with contextlib.suppress(*KUBERNETES_ERRORS, SandboxError):
            async with asyncio.timeout(_END_S):
                command = ["/bin/sh", "-c", f"kill -{number} {process}"]
                await (await self._execute(command)).finish()

    async def _execute(self, command: Sequence[str], *, has_input: bool = False) -> Exec:
        if self._pod is None:
            raise ConnectionRefusedError("the sandbox is gone")
        return await self._client.execute(
            self._pod["metadata"]["name"], command, has_input=has_input
        )

    # -- what the cluster tells ------------------------------------------------------------------

    async def _follow_pod(self) -> None:
        """Keep an eye on the pod, also past an API that is started anew meanwhile."""
        until = None
        while True:
            try:
                async for pod in self._client.follow_pod(self._spec.run_id):
                    until, self._had_pod = None, self._had_pod or pod is not None
                    await self._note(pod)
            except KUBERNETES_ERRORS as error:
                now = asyncio.get_running_loop().time()
                until = until or now + _AWAY_S
                if now > until:
                    self._failure = said_by(error)
                    await self._note(self._pod)
                    return
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _note(self, pod: dict[str, Any] | None) -> None:
        if pod is not None or self._pod is None or not is_over(self._pod):
            self._pod = pod
        if self._runs_no_more:
            # A node that can't be reached may not end the log either.
            asyncio.get_running_loop().call_later(_DRAIN_S, self._is_given_up.set)
        async with self._changed:
            self._changed.notify_all()

    @property
    def _runs_no_more(self) -> bool:
        return bool(self._failure) or (self._had_pod and (self._pod is None or is_over(self._pod)))

    async def _read(self, pod: str) -> None:
        """Read what it prints to the end, also past a connection that is cut."""
        is_first = True
        while self._end.exit_code is None and not self._is_given_up.is_set():
            was_over = self._runs_no_more
            if not is_first:
                self._lines.begin_again()
            is_first = False
            reading = asyncio.create_task(self._read_log(pod))
            giving_up = asyncio.create_task(self._is_given_up.wait())
            await asyncio.wait({reading, giving_up}, return_when=asyncio.FIRST_COMPLETED)
            for task in (reading, giving_up):
                task.cancel()
            await asyncio.gather(reading, giving_up, return_exceptions=True)
            if was_over:
                break  # all there is has been read since
            if self._end.exit_code is None and not self._runs_no_more:
                await asyncio.sleep(_LOOK_EVERY_S)
        await self._put_out(self._end.rest())
        self._is_over.set()
        await self._output.put(b"")

    async def _read_log(self, pod: str) -> None:
        with contextlib.suppress(*KUBERNETES_ERRORS):  # the pod's state tells what it means
            async for chunk in self._client.follow_log(pod):
                await self._put_out(self._end.feed(self._lines.feed(chunk)))
                if self._end.exit_code is not None:
                    return

    async def _put_out(self, printed: bytes) -> None:
        for start in range(0, len(printed), _LOG_CHUNK):
            await self._output.put(printed[start : start + _LOG_CHUNK])

    async def wait(self) -> Ending:
        await self._is_over.wait()
        if self._end.exit_code == _KILLED and await self._is_gone(_AFTER_KILL_S):
            return ending_of(self._pod, None)  # by the kernel, and the rest a moment later
        if self._end.exit_code is not None:
            return Ending(self._end.exit_code)
        if self._was_killed:
            return Ending(_KILLED)
        if self._failure:
            raise SandboxError(f"Kubernetes went away while it ran: {self._failure}")
        try:
            job = await self._client.job(self._spec.run_id)
        except KUBERNETES_ERRORS as error:
            raise SandboxError(f"Kubernetes went away while it ran: {said_by(error)}") from error
        return ending_of(self._pod, job)

    async def kill(self, grace_s: float) -> None:
        for number, patience_s in ((15, grace_s), (10, _END_S)):
            if patience_s <= 0 or self._is_over.is_set():
                continue
            await self._signal(number, 1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_over.wait(), patience_s)
        if not self._is_over.is_set():
            # For a launcher that doesn't get to it; then the files are lost.
            self._was_killed = True
            await self._remove()
            self._is_given_up.set()
            await self._is_over.wait()

    async def collect(
        self,
        target: Path,
        before: Mapping[str, Mark],
        most_bytes: int,
        is_wanted: Callable[[str], bool],
    ) -> Selection:
        gone = Selection(
            left_out=[LeftOut("*", "the sandbox was gone before its files could be fetched.")]
        )
        if self._end.exit_code is None:
            return gone
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
            if await self._is_gone():
                return gone  # memory may be so full of files that nothing can read them
            told = self._unfetched or said_by(error)
            raise SandboxError(f"The files that it made couldn't be fetched: {told}") from error

    async def _fetch(self, writer: asyncio.StreamWriter) -> None:
        """Have the work folder packed inside and send it on, until nobody reads any more."""
        try:
            execution = await self._execute(["tar", "-cf", "-", "-C", "/", WORK[1:]])
            try:
                while message := await execution.read_out():
                    if message.stream == STDOUT:
                        writer.write(message.data)
                        await writer.drain()
            finally:
                await execution.close()
        except (*KUBERNETES_ERRORS, SandboxError) as error:
            self._unfetched = said_by(error)
        finally:
            writer.close()

    async def connect(self, port: int) -> socket.socket:
        try:
            stream = await self._execute(relay_command(port), has_input=True)
        except KUBERNETES_ERRORS as error:
            raise ConnectionRefusedError(said_by(error)) from error
        try:
            async with asyncio.timeout(_CONNECT_S):
                first = await stream.read_out()
        except (*KUBERNETES_ERRORS, SandboxError) as error:
            await stream.close()
            raise ConnectionRefusedError(said_by(error)) from error
        if first is None or first.stream != STDOUT:
            await stream.close()
            raise ConnectionRefusedError(f"nothing listens on port {port}")
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the library's signature
        theirs.setblocking(False)  # noqa: FBT003
        self._keep(pass_on(stream, theirs, first.data[1:]))
        return ours

    def usage(self) -> Usage:
        return self._end.usage

    async def release(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._remove()

    async def leave(self) -> None:
        """Take it away: it doesn't outlast the server."""
        await self.release()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
