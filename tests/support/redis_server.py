"""A real Redis for tests: its own folder, a socket instead of a port, ends with the tests."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from redis import Redis
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_S = 30


class RedisMissingError(RuntimeError):
    """There is no Redis on this machine."""


class RedisServer:
    """A server that can be killed and started again, with what it had or without."""

    def __init__(self, folder: Path) -> None:
        """Start nothing yet."""
        program = shutil.which("redis-server")
        if program is None:
            raise RedisMissingError("run tests/support/install-debian redis-server")
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_hex(8)
        self.url = f"unix://:{self._password}@{folder}/socket"

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = {
            "port": "0",
            "unixsocket": f"{self._folder}/socket",
            "requirepass": self._password,
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", self._program, *words],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_S
        with self.client() as client:
            while True:
                try:
                    client.ping()
                except RedisError:
                    if self._process.poll() is not None or time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
                else:
                    return

    def client(self) -> Redis:
        """Give a connection of the tests' own."""
        return Redis.from_url(self.url)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Lose all that it has on the disk."""
        for each in (*self._folder.glob("appendonly*"), *self._folder.glob("*.rdb")):
            shutil.rmtree(each) if each.is_dir() else each.unlink()


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Start a server of one's own."""
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="csx-redis-") as name:
        server = RedisServer(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.kill()
