"""Carries out runs: one queue, so many sandboxes at a time, and nothing lost when it is killed.

What a killed server was at is taken up by the next one, or begun again. So is what a worker was at.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from codesyncx_server.errors import InvalidRequestError, NotFoundError

from .attempt import (
    Attempt,
    Left,
    Means,
    RunFiles,
    RunSecrets,
    SupersededError,
    artifacts_folder,
    spec_of,
)
from .egress import not_allowed
from .errors import LostSandboxError, NoSandboxError, OverLimitError, SandboxError
from .fair_queue import FairQueue, Quotas, Ticket
from .limits import CEILING, Limits, exceeded
from .log_book import LogBook
from .output import Output, Piece
from .run import Run
from .snapshot import read_snapshot
from .states import State
from .store import RunStore

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from codesyncx_server.access.model import Person

    from .run_file import RunConfiguration
    from .sandbox.backend import SandboxBackend

MAX_ATTEMPTS = 3
MAX_KEPT = 200
_PRIVATE = 0o700

T = TypeVar("T")


class Runner:
    """The runs of one project."""

    def __init__(
        self,
        folder: Path,
        backend: SandboxBackend,
        files: RunFiles,
        *,
        keeper: RunSecrets | None = None,
        quotas: Quotas | None = None,
        ceiling: Limits = CEILING,
        network: Sequence[str] = (),
        changed: Callable[[Run], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        log: logging.Logger | None = None,
    ) -> None:
        """Do nothing yet; `changed` is told of each new state.

        `network` are the hosts that runs may reach at most, as `egress.read_host` takes them;
        `keeper` has the secrets that runs name.
        """
        self._folder = folder
        self._backend = backend
        self._queue = FairQueue(quotas or Quotas())
        self._ceiling = ceiling
        self._network = network
        self._changed = changed
        self._clock = clock
        self._log = log or logging.getLogger(__name__)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="runs")
        self._means = Means(
            backend,
            files,
            keeper,
            folder,
            clock,
            self._save,
            self._save_output,
            self._save_snapshot,
            self._signal,
        )
        self._runs: dict[str, Run] = {}
        self._books: dict[str, LogBook] = {}
        self._attempts: dict[str, Attempt] = {}
        self._signals: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._store: RunStore | None = None
        self._is_open = False

    async def start(self) -> None:
        """Take up what there is from before; NoSandboxError where no sandbox can be had."""
        await self._backend.check()
        self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        self._store = await self._in_thread(lambda: RunStore(self._folder))
        for run in await self._in_thread(self._store.all):
            self._runs[run.id] = run
            if run.state is State.QUEUED:
                self._queue.add(_ticket(run), ask=False)
            elif not run.state.is_over:
                await self._take_up(run)
        self._is_open = True
        self._dispatch()

    async def close(self) -> None:
        """End the sandboxes, or leave them to the next server; it begins again what has ended."""
        self._is_open = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._backend.close()
        if self._store is not None:
            await self._in_thread(self._store.close)
            self._store = None
        self._thread.shutdown()

    async def submit(self, person: Person, what: RunConfiguration, project: str = "") -> Run:
        """Let a run wait for its turn; OverLimitError and QuotaError for what may not be had."""
        if above := exceeded(what.limits, self._ceiling):
            raise OverLimitError(" ".join(above))
        if beyond := not_allowed(what.network, self._network):
            allowed = f"only {', '.join(self._network)}" if self._network else "nothing"
            raise OverLimitError(
                f"network: {', '.join(beyond)} may not be reached from runs on this server, "
                f"{allowed}; whoever looks after it can allow it (CodeSyncXApp.run_network)."
            )
        if not what.command:
            raise InvalidRequestError("A run needs a command.")
        await self._backend.check()
        run = Run(secrets.token_hex(8), person, project, what, self._clock())
        self._queue.add(_ticket(run))
        try:
            await self._in_thread(lambda: self._opened.add(run))
        except BaseException:
            self._queue.remove(run.id)
            raise
        self._note(run)
        await self._forget_old()
        self._dispatch()
        return run

    async def stop(self, run_id: str) -> None:
        """End a run, or take it out of the queue; nothing for one that is over."""
        run = self.run(run_id)
        if attempt := self._attempts.get(run_id):
            attempt.stop()
        elif run.state is State.QUEUED:
            self._queue.remove(run_id)
            await self._save(
                replace(
                    run, state=State.STOPPED, sentence="It was stopped.", ended_at=self._clock()
                )
            )

    def run(self, run_id: str) -> Run:
        """Give a run as it is now; NotFoundError if there is none."""
        run = self._runs.get(run_id)
        if run is None:
            raise NotFoundError("There is no such run.")
        attempt = self._attempts.get(run_id)
        if attempt is None or run.state is not State.RUNNING:
            return run
        # What it has used so far, in steps that somebody would notice.
        used = attempt.usage()
        return replace(
            run,
            cpu_s=None if used.cpu_s is None else round(used.cpu_s, 1),
            peak_memory_bytes=used.peak_memory_bytes and round(used.peak_memory_bytes, -6),
        )

    def runs(self) -> list[Run]:
        """Give all runs, the newest first."""
        runs = map(self.run, self._runs)
        return sorted(runs, key=lambda run: run.submitted_at, reverse=True)

    def position(self, run_id: str) -> int | None:
        """How many start before a run that waits."""
        return self._queue.position(run_id)

    async def follow(self, run_id: str, after: int = -1) -> AsyncIterator[tuple[Run, list[Piece]]]:
        """Give a run and what it has printed after a piece, then whatever changes, to its end."""
        while True:
            # In this order: of a run that is over, all output is there.
            run = self.run(run_id)
            signal = None if run.state.is_over else self._next_signal(run_id)
            pieces = await self._output(run_id, after)
            yield run, pieces
            after = pieces[-1].number if pieces else after
            if pieces:
                await asyncio.sleep(0)  # much output may be there already: let others have a turn
                continue
            if signal is None:
                return
            await signal.wait()

    async def connect(self, run_id: str, port: int) -> socket.socket:
        """Connect to a port that a run has declared; OSError when nothing listens there."""
        attempt = self._attempts.get(run_id)
        if attempt is None or port not in self.run(run_id).what.ports:
            raise ConnectionRefusedError("nothing runs")
        return await attempt.connect(port)

    def files_changed(self) -> None:
        """Have the runs that want it get what was edited in the project."""
        for attempt in self._attempts.values():
            attempt.files_changed()

    def artifact(self, run_id: str, path: str) -> Path:
        """Give the file of an artifact; NotFoundError if the run has none there."""
        if path not in {artifact.path for artifact in self.run(run_id).artifacts}:
            raise NotFoundError("The run has made no such file.")
        return artifacts_folder(self._folder, run_id) / path

    async def _output(self, run_id: str, after: int) -> list[Piece]:
        book = self._books.get(run_id)
        pieces = None if book is None else book.after(after)
        if pieces is not None:
            return pieces
        return await self._in_thread(lambda: self._opened.output(run_id, after, LogBook.MOST))

    def _dispatch(self) -> None:
        """Begin whatever may begin."""
        while self._is_open and (ticket := self._queue.take()):
            self._begin(ticket.run_id)

    def _begin(self, run_id: str, left: Left | None = None) -> None:
        task = asyncio.create_task(self._carry_out(run_id, left))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, run_id: str, left: Left | None) -> None:
        lost: LostSandboxError | None = None
        try:
            number = await self._in_thread(lambda: self._opened.next_number(run_id))
            book = self._books[run_id] = LogBook(number)
            attempt = self._attempts[run_id] = Attempt(self._runs[run_id], book, self._means)
            await (attempt.carry_out() if left is None else attempt.go_on(left))
        except SupersededError:
            self._log.warning("Run %s has ended elsewhere", run_id)
        except LostSandboxError as error:
            lost = error
        except Exception:  # noqa: BLE001 - the outermost frame of a task
            self._log.exception("Run %s failed by a defect", run_id)
            await self._give_up(run_id, "It failed by a defect of the server.")
        finally:
            self._attempts.pop(run_id, None)
            self._books.pop(run_id, None)
            self._queue.remove(run_id)
        if lost is not None:
            await self._begin_again(self._runs[run_id], str(lost))
        self._dispatch()

    async def _give_up(self, run_id: str, sentence: str, state: State = State.FAILED) -> None:
        run = self._runs[run_id]
        if not run.state.is_over:
            ended = replace(run, state=state, sentence=sentence, ended_at=self._clock())
            await self._save(ended)

    async def _take_up(self, run: Run) -> None:
        """Go on with what a killed server was at, or begin it again, or give it up."""
        if run.verdict is None and (left := await self._left_of(run)):
            self._queue.count(_ticket(run))
            self._begin(run.id, left)
            return
        await self._backend.reap(run.id, run.handle)
        if run.verdict is not None:
            await self._save(replace(run, state=run.verdict, ended_at=self._clock()))
            return
        await self._begin_again(run, "The server was started anew.")

    async def _begin_again(self, run: Run, why: str) -> None:
        """Have another attempt at a run, unless there were enough."""
        if run.attempt >= MAX_ATTEMPTS:
            sentence = f"It was given up after {run.attempt} attempts. {why}"
            await self._give_up(run.id, sentence, State.LOST)
            return
        number = await self._in_thread(lambda: self._opened.next_number(run.id))
        notice = Output(0, number).notice(f"{why} The run begins again.")
        await self._save_output(run.id, notice)
        await self._save(run.again())
        self._queue.add(_ticket(run), ask=False)

    async def _left_of(self, run: Run) -> Left | None:
        """Find the sandbox of a run that a server was at; None if it is to begin again."""
        kept = await self._in_thread(lambda: self._opened.snapshot(run.id))
        # Secrets may be others by now, and those it has couldn't be masked.
        if kept is None or not run.handle or run.what.secrets:
            return None
        told = await self._in_thread(lambda: self._opened.told(run))
        try:
            sandbox = await self._backend.attach(
                spec_of(run), run.handle, reads_all=not told.is_cut
            )
        except (NoSandboxError, SandboxError) as error:
            self._log.warning("The sandbox of run %s can't be taken up: %s", run.id, error)
            return None
        return None if sandbox is None else Left(sandbox, read_snapshot(kept), told)

    async def _save(self, run: Run) -> None:
        begins = run.state is State.PREPARING
        write = self._opened.begin if begins else self._opened.save
        if not await self._in_thread(lambda: write(run)):
            raise SupersededError
        self._note(run)

    async def _save_snapshot(self, run_id: str, told: str) -> None:
        await self._in_thread(lambda: self._opened.keep_snapshot(run_id, told))

    async def _save_output(self, run_id: str, pieces: list[Piece]) -> None:
        await self._in_thread(lambda: self._opened.add_output(run_id, pieces))

    def _note(self, run: Run) -> None:
        known = self._runs.get(run.id)
        self._runs[run.id] = run
        if known is not None and replace(known, handle=run.handle) == run:
            return  # nobody but the next server wants to know where it is
        self._signal(run.id)
        if run.verdict is None or run.state.is_over:
            self._changed(run)

    def _next_signal(self, run_id: str) -> asyncio.Event:
        return self._signals.setdefault(run_id, asyncio.Event())

    def _signal(self, run_id: str) -> None:
        """Wake those who follow a run."""
        if signal := self._signals.pop(run_id, None):
            signal.set()

    async def _forget_old(self) -> None:
        """Keep the newest runs only."""
        over = [run for run in self.runs() if run.state.is_over]
        for run in over[MAX_KEPT:]:
            del self._runs[run.id]
            await self._in_thread(lambda run=run: self._forget(run.id))  # type: ignore[misc]

    def _forget(self, run_id: str) -> None:
        self._opened.remove(run_id)
        shutil.rmtree(artifacts_folder(self._folder, run_id), ignore_errors=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    @property
    def _opened(self) -> RunStore:
        if self._store is None:
            raise NoSandboxError("Runs can't be carried out: the server is ending.")
        return self._store


def _ticket(run: Run) -> Ticket:
    return Ticket(run.id, run.person.username, run.project)
