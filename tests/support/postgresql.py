"""A real PostgreSQL for tests: its own folder, a socket instead of a port, ends with the tests."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_START_S = 30
#: PostgreSQL refuses to run as root; Debian's package makes this user.
_USER = "postgres"


class PostgreSQLMissingError(RuntimeError):
    """There is no PostgreSQL on this machine."""


class PostgreSQL:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
        options = ["-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            self._as_user([_program("initdb"), "-D", str(self._data), *options]),
            check=True,
            capture_output=True,
            cwd=folder,
        )

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-k", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._as_user([_program("postgres"), "-D", str(self._data), *options]),
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        deadline = time.monotonic() + _START_S
        while True:
            try:
                self._run("SELECT 1")
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_START_S)
            self._process = None

    def new_database(self) -> str:
        """Make an empty database and give its URL."""
        name = f"test_{secrets.token_hex(4)}"
        self._run(f"CREATE DATABASE {name}")
        return f"postgresql://{_USER}@/{name}?host={self._folder}"

    def _run(self, statement: str) -> None:
        where = {"host": str(self._folder), "user": _USER, "dbname": "postgres"}
        with psycopg.connect(**where, autocommit=True) as connection:
            connection.execute(statement.encode())

    @staticmethod
    def _as_user(command: Sequence[str]) -> list[str]:
        """Drop root's rights, and have the kernel end it should the tests be killed."""
        setpriv = ["setpriv", "--pdeathsig", "QUIT"]
        if os.geteuid() == 0:
            user = pwd.getpwnam(_USER)
            setpriv += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        return [*setpriv, "--", *command]


@contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """Start a server of one's own."""
    # Not in pytest's folder: the path of a socket must be short, and its user must get there.
    with tempfile.TemporaryDirectory(prefix="csx-pg-") as name:
        server = PostgreSQL(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _program(name: str) -> str:
    """Find a program of the newest PostgreSQL that Debian has installed."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = shutil.which(name) or (str(found[-1]) if found else None)
    if path is None:
        raise PostgreSQLMissingError("run tests/support/install-debian postgresql")
    return path
