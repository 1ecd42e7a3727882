"""One attempt at one run: its files in, its command, its artifacts out, each step written down."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import tempfile
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any, Protocol

from codesyncx_server.errors import CodeSyncXError, InvalidRequestError

from .egress import expand
from .errors import LostSandboxError
from .execution import Execution
from .live_edits import LiveEdits
from .masking import mask
from .path_pattern import matches
from .preparation import Preparation
from .run import Artifact, Run
from .sandbox.backend import SandboxSpec, Usage
from .selection import LeftOut
from .snapshot import snapshot_to_json
from .states import State, name_ending

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from .log_book import LogBook
    from .output import Piece, Told
    from .sandbox.backend import Sandbox, SandboxBackend
    from .snapshot import Look, Snapshot
    from .states import Ending

MOST_ARTIFACT_BYTES = 100_000_000
_SAVE_EVERY_S = 0.2
_STOPPED = {"state": State.STOPPED, "sentence": "It was stopped."}
#: In turns of saving: watchers see once a second what is used.
_TELL_USAGE_EVERY = 5


class RunFiles(Protocol):
    """Whoever knows the project's files, and who may read them."""

    async def snapshot(
        self, run: Run, archive: IO[bytes], known: Mapping[str, Look] | None = None
    ) -> Snapshot:
        """Write what the run's person may read now, as it is now; not what is `known` already.

        A CodeSyncXError says why it can't be, such as that they may no longer run anything.
        """


class RunSecrets(Protocol):
    """Whoever keeps the project's secrets, and knows who may use them."""

    async def values(self, run: Run) -> Mapping[str, str]:
        """Give those that a run names; RefusedError if its person may not use them now."""


class SupersededError(Exception):
    """The run has ended, or another attempt at it has begun."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a process that was killed has left of an attempt."""

    sandbox: Sandbox
    snapshot: Snapshot
    told: Told


@dataclass(frozen=True, slots=True)
class Means:
    """What all attempts share."""

    backend: SandboxBackend
    files: RunFiles
    secrets: RunSecrets | None
    folder: Path
    clock: Callable[[], float]
    save: Callable[[Run], Awaitable[None]]
    """Writes a new state down, and tells of it; SupersededError if it may not be."""
    save_output: Callable[[str, list[Piece]], Awaitable[None]]
    save_snapshot: Callable[[str, str], Awaitable[None]]
    """Keeps what has gone into a sandbox that goes on when this process is killed."""
    printed: Callable[[str], None]


class Attempt:
    """Takes a run from the queue to its end."""

    def __init__(self, run: Run, book: LogBook, means: Means) -> None:
        """Begin nothing yet."""
        self._run = run
        self._book = book
        self._means = means
        self._execution: Execution | None = None
        self._sandbox: Sandbox | None = None
        self._edits: LiveEdits | None = None
        self._secrets: Mapping[str, str] = {}
        self._is_stopped = False
        self._saving = asyncio.Lock()

    def files_changed(self) -> None:
        """Have what was edited in the project come into a run that wants it, soon."""
        if self._edits is not None:
            self._edits.something_changed()

    def stop(self) -> None:
        """Have the run end soon."""
        self._is_stopped = True
        if self._execution is not None:
            self._execution.stop()

    async def connect(self, port: int) -> socket.socket:
        """Connect to a port in the sandbox; OSError when nothing listens there, or runs."""
        if self._sandbox is None:
            raise ConnectionRefusedError("nothing runs")
        return await self._sandbox.connect(port)

    async def carry_out(self) -> None:
        """Go all the way; SupersededError if the run is no longer this attempt's."""
        await self._to_the_end(self._run_it)

    async def go_on(self, left: Left) -> None:
        """Go the rest of the way, of an attempt that another process has begun."""
        await self._to_the_end(lambda: self._run_the_rest(left))

    async def _to_the_end(self, run: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        keeping = asyncio.create_task(self._keep_saving())
        try:
            changes = await run()
        except LostSandboxError:
            raise  # another attempt may do better
        except CodeSyncXError as error:
            sentence = mask(str(error), self._secrets.values())
            changes = {"state": State.FAILED, "sentence": sentence}
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
            with contextlib.suppress(CodeSyncXError):
                await self._save_output()
        await self._advance(**changes, ended_at=self._means.clock())

    async def _run_it(self) -> dict[str, Any]:
        """Give what is to be written down as the ending."""
        await self._advance(
            state=State.PREPARING,
            attempt=self._run.attempt + 1,
            first_piece=self._book.next_number,
        )
        self._secrets = await self._find_secrets()
        preparation = Preparation(self._means.backend, spec_of(self._run, self._secrets))
        try:
            with tempfile.TemporaryFile(dir=self._means.folder) as archive:
                snapshot = await self._means.files.snapshot(self._run, archive)
                archive.seek(0)
                if self._is_stopped:
                    return _STOPPED
                files = {
                    "files": tuple(sorted(snapshot.marks)),
                    "left_out": snapshot.left_out,
                    "commit": snapshot.commit,
                }
                if await preparation.lacks_image():
                    await self._advance(state=State.PULLING, **files)
                    await preparation.pull()
                await self._advance(state=State.STARTING, handle=preparation.handle, **files)
                await preparation.made()
                if preparation.handle != self._run.handle:
                    # By this the next server finds it: before it is told what to run.
                    await self._advance(handle=preparation.handle)
                return await self._run_in(preparation.take(), snapshot, archive)
        finally:
            await preparation.close()

    async def _run_the_rest(self, left: Left) -> dict[str, Any]:
        return await self._run_in(left.sandbox, left.snapshot, told=left.told)

    async def _run_in(
        self,
        sandbox: Sandbox,
        snapshot: Snapshot,
        archive: IO[bytes] | None = None,
        told: Told | None = None,
    ) -> dict[str, Any]:
        """Run to the end, from the beginning if there is an archive to put in."""
        limits, number = self._run.what.limits, self._book.next_number
        execution = self._execution = Execution(
            sandbox, limits, self._tell, number, told, self._secrets.values()
        )
        edits = LiveEdits(snapshot, sandbox, self._take, execution.say, self._keep)
        if self._is_stopped:
            execution.stop()

        async def started() -> None:
            if archive is not None:
                began = self._means.clock()
                await self._advance(state=State.RUNNING, started_at=began, handle=sandbox.handle)
            self._sandbox = sandbox
            if self._run.what.is_live:
                self._edits = edits
            if archive is not None and sandbox.outlasts_server:
                await self._keep(edits)

        ending: Ending | None
        release = sandbox.release
        following = asyncio.create_task(edits.follow())
        try:
            if archive is None:
                await started()
                elapsed_s = self._means.clock() - (self._run.started_at or 0.0)
                ending = await execution.take_up(elapsed_s)
            else:
                ending = await execution.run(archive, started)
            if ending is None:
                return _STOPPED
            following.cancel()
            await self._advance(state=State.COLLECTING)
            changes = {**self._told_of(ending, sandbox), **await self._collect(sandbox, edits)}
            await self._save_output()
            # Whoever takes this up after us need not run it again.
            await self._advance(
                **{**changes, "verdict": changes["state"], "state": self._run.state}
            )
        except asyncio.CancelledError:
            # The server ends; the next one takes up what it can.
            can_be_taken_up = sandbox.outlasts_server and not self._run.what.secrets
            if can_be_taken_up and self._sandbox is not None:
                release = sandbox.leave
            raise
        finally:
            self._sandbox = self._edits = None
            following.cancel()
            await asyncio.wait({following})
            await release()
        return changes

    async def _find_secrets(self) -> Mapping[str, str]:
        if not self._run.what.secrets:
            return {}
        if self._means.secrets is None:
            raise InvalidRequestError("There are no secrets on this server.")
        return await self._means.secrets.values(self._run)

    async def _take(self, archive: IO[bytes], known: Mapping[str, Look]) -> Snapshot:
        """Take what has changed in the project; whoever may watch must be able to read it too."""
        taken = await self._means.files.snapshot(self._run, archive, known)
        files = tuple(sorted({*self._run.files, *taken.looks}))
        if files != self._run.files:
            await self._advance(files=files)
        return taken

    async def _keep(self, edits: LiveEdits) -> None:
        """Write down what has gone in, for whoever takes the sandbox up after us."""
        told = await asyncio.to_thread(snapshot_to_json, edits.marks, edits.known)
        await self._means.save_snapshot(self._run.id, told)

    def _told_of(self, ending: Ending, sandbox: Sandbox) -> dict[str, Any]:
        state, sentence = name_ending(ending, self._run.what.limits)
        usage = sandbox.usage()
        return {
            "state": state,
            "sentence": sentence,
            "exit_code": ending.exit_code,
            "cpu_s": usage.cpu_s,
            "peak_memory_bytes": usage.peak_memory_bytes,
        }

    async def _collect(self, sandbox: Sandbox, edits: LiveEdits) -> dict[str, Any]:
        target = artifacts_folder(self._means.folder, self._run.id)
        await asyncio.to_thread(shutil.rmtree, target, ignore_errors=True)
        patterns, hidden = self._run.what.artifacts, self._secrets.values()
        told_of_secrets = list[LeftOut]()

        def is_wanted(path: str) -> bool:
            if (shown := mask(path, hidden)) != path:
                told_of_secrets.append(LeftOut(shown, "its name has a secret in it."))
                return False
            return not patterns or any(matches(path, one) for one in patterns)

        kept = await sandbox.collect(target, edits.marks, MOST_ARTIFACT_BYTES, is_wanted)
        left = [LeftOut(mask(path, hidden), why) for path, why in kept.left_out] + told_of_secrets
        sizes = await asyncio.to_thread(
            lambda: [Artifact(path, (target / path).stat().st_size) for path in kept.paths]
        )
        return {"artifacts": tuple(sizes), "kept_back": tuple(left)}

    async def _advance(self, **changes: Any) -> None:
        self._run = replace(self._run, **changes)
        await self._means.save(self._run)

    def _tell(self, pieces: list[Piece]) -> None:
        self._book.add(pieces)
        self._means.printed(self._run.id)

    def usage(self) -> Usage:
        """Say what the run has used so far."""
        return Usage() if self._sandbox is None else self._sandbox.usage()

    async def _keep_saving(self) -> None:
        for turn in itertools.count(1):
            await asyncio.sleep(_SAVE_EVERY_S)
            if turn % _TELL_USAGE_EVERY == 0:
                self._means.printed(self._run.id)
            # What couldn't be kept now is tried again with the next, and at the end.
            with contextlib.suppress(CodeSyncXError):
                await self._save_output()

    async def _save_output(self) -> None:
        async with self._saving:
            while pieces := self._book.unsaved():
                await self._means.save_output(self._run.id, pieces)
                self._book.mark_saved(len(pieces))


def spec_of(run: Run, secrets: Mapping[str, str] | None = None) -> SandboxSpec:
    """Say what runs in the sandbox of a run."""
    what = run.what
    return SandboxSpec(
        run.id,
        what.command,
        what.limits,
        folder=what.folder,
        environment={**what.environment, **(secrets or {})},
        image=what.image,
        network=expand(what.network),
        is_kept=True,
        attempt=run.attempt,
        ports=what.ports,
        artifacts=what.artifacts,
    )


def artifacts_folder(folder: Path, run_id: str) -> Path:
    """Say where what a run has made is kept."""
    return folder / "artifacts" / run_id
