"""A media process: calls behind one UDP port and one loopback port for signalling.

Its parent writes lines of JSON to its standard input: the first says how it is to run, each later
one changes somebody's rights. It answers the first with one line of its own and tells in later
ones which calls are recorded. It ends when the pipe closes: a media process never outlives the
server that it works for. Secrets come over the pipe because arguments and environments can be read
by others.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import time
from dataclasses import dataclass
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from .calls import Calls
from .recording.task import RecordingSettings
from .rights import Right
from .signalling.handlers import CallSocket, settings
from .signalling.media_socket import MediaSocket
from .signalling.turns import Turns
from .tokens import RoomName, TokenKey
from .transport import UdpPort
from .transport.port import fastest_socket
from .transport.private_aiortc import Certificate

_log = logging.getLogger(__name__)

SIGNALLING_PATH = "/call/v1"
MEDIA_PATH = f"{SIGNALLING_PATH}/media"
POLL_EVERY_S = 0.02
SWEEP_EVERY_S = 1.0
NEWS_EVERY_S = 0.1
TURNS_FOR_LOAD = 50
"""After how many looks for news the load is told: every five seconds."""
MAX_ORDER = 64 * 1024
GARBAGE_THRESHOLDS = (20_000, 20, 50)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker runs: `host` is where its UDP port is bound, `addresses` where it is reached.

    Addresses without a port are reached at the one that the worker was given. `may_be_native` is
    whether packets go through `codesyncx-media-native` where it is installed.
    """

    secret: bytes
    host: str = "127.0.0.1"
    udp_port: int = 0
    addresses: tuple[str, ...] = ()
    recordings: RecordingSettings | None = None
    may_be_native: bool = True

    @classmethod
    def read(cls, line: bytes) -> WorkerSettings:
        """Read the first line from the parent; ValueError, KeyError or TypeError."""
        told = json.loads(line)
        host = str(told.get("host", "127.0.0.1"))
        recordings = told.get("recordings")
        return cls(
            secret=bytes.fromhex(told["secret"]),
            host=host,
            udp_port=int(told.get("udp_port", 0)),
            addresses=tuple(str(address) for address in told.get("addresses", [host])),
            recordings=None if recordings is None else RecordingSettings(**recordings),
            may_be_native=bool(told.get("may_be_native", True)),
        )


class Worker:
    """The parts of a media process, started and stopped together."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._port: UdpPort | None = None
        self._server: HTTPServer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._recorded: list[RoomName] = []
        self._turns = 0
        self._was_busy = False
        self.calls: Calls | None = None

    async def start(self) -> dict[str, Any]:
        """Open the ports; gives their numbers, and the path that packets take."""
        loop = asyncio.get_running_loop()
        wanted = self._settings
        self._port = await UdpPort.open(
            wanted.host,
            wanted.udp_port,
            certificate=Certificate(),
            clock=loop.time,
            open_socket=fastest_socket(may_be_native=wanted.may_be_native),
        )
        udp_port = self._port.address[1]
        addresses = [(address, udp_port) for address in wanted.addresses or (wanted.host,)]
        self.calls = Calls(
            TokenKey(wanted.secret),
            self._port,
            addresses,
            clock=loop.time,
            recordings=wanted.recordings,
        )
        sockets = bind_sockets(0, "127.0.0.1")
        application = Application(
            [
                (SIGNALLING_PATH, CallSocket, {"calls": self.calls, "turns": Turns()}),
                (MEDIA_PATH, MediaSocket, {"calls": self.calls}),
            ],
            **settings(),
        )
        self._server = HTTPServer(application)
        self._server.add_sockets(sockets)
        for every_s, work in (
            (POLL_EVERY_S, self.calls.poll),
            (SWEEP_EVERY_S, self._port.sweep),
            (NEWS_EVERY_S, self._tell_news),
        ):
            self._tasks.add(loop.create_task(_repeat(every_s, work)))
        return {
            "signalling_port": sockets[0].getsockname()[1],
            "udp_port": udp_port,
            "path": self._port.path,
        }

    def obey(self, line: bytes) -> None:
        """Do what a later line from the parent says; ValueError, KeyError or TypeError."""
        order = json.loads(line)
        if self.calls is None:
            return
        if order["type"] == "set_rights":
            rights = frozenset(Right(right) for right in order["rights"])
            self.calls.set_rights(order["project"], order["person_id"], rights)
        elif order["type"] == "expel":
            self.calls.expel(order["project"], order["person_id"])
        else:
            raise ValueError(f"there is no order {order['type']!r}")

    def _tell_news(self) -> None:
        """Tell the parent which calls are recorded, when others are than before, and the load."""
        if self.calls is None:
            return
        recorded = self.calls.are_recorded()
        self._turns += 1
        is_due = self._turns % TURNS_FOR_LOAD == 0 and (self.calls.is_busy or self._was_busy)
        if recorded != self._recorded or is_due:
            self._recorded, self._was_busy = recorded, self.calls.is_busy
            _say(recorded=[name._asdict() for name in recorded], load=self._load(self.calls))

    def _load(self, calls: Calls) -> dict[str, Any]:
        if self._port is None:
            raise RuntimeError("the worker hasn't started")
        totals = self._port.totals()
        return calls.load().told(
            self._port.path,
            packets_received=totals.received,
            packets_forwarded=totals.sent,
            cpu_seconds=time.process_time(),
        )

    async def stop(self) -> None:
        """Close everything."""
        for task in self._tasks:
            task.cancel()
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()
        if self._port is not None:
            await self._port.close()


def _say(**news: Any) -> None:
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


async def _repeat(every_s: float, work: Any) -> None:
    """Do something again and again; one failure is logged and the next turn comes."""
    while True:
        await asyncio.sleep(every_s)
        try:
            work()
        except Exception:  # noqa: BLE001 (the task's outermost frame)
            _log.exception("Work of the media process failed")


def _spare_the_garbage_collector() -> None:
    """Look for garbage less often, and never among what was loaded: each look holds up all calls.

    Packets are let go of by counting references; what cycles there are come with people who leave.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


async def _serve(stream: asyncio.StreamReader) -> None:
    worker = Worker(WorkerSettings.read(await stream.readline()))
    started = await worker.start()
    _spare_the_garbage_collector()
    _say(**started)
    try:
        while line := await stream.readline():
            try:
                worker.obey(line)
            except (ValueError, KeyError, TypeError) as error:
                _log.error("An order of the server couldn't be read: %s", error)
    finally:
        await worker.stop()


async def main() -> None:
    """Run until the parent closes the pipe."""
    stream = asyncio.StreamReader(limit=MAX_ORDER)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), sys.stdin)
    await _serve(stream)
