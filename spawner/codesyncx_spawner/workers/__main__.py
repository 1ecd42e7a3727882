"""The command `codesyncx-run-worker`: carries out runs of servers that share a Redis."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from traitlets import Int, Type, Unicode, default
from traitlets.config import Application

from codesyncx_server.errors import CodeSyncXError

from ..sandbox.backend import SandboxBackend
from ..sandbox.first_choice import FirstChoiceBackend
from .protocol import URL_VARIABLE


class RunWorker(Application):
    """Carries out runs in sandboxes of this machine, until it is asked to end."""

    name = "codesyncx-run-worker"
    description = __doc__

    config_file = Unicode("", config=True, help="""A file of settings, in Python.""")

    redis_url = Unicode(
        config=True,
        help="""The Redis that the servers use, too: "redis://:password@host:6379/0", "rediss://"
        with TLS, or "unix://...". By default what the variable CODESYNCX_REDIS_URL says, where
        other people of this machine don't see the password.""",
    )

    @default("redis_url")
    def _default_redis_url(self) -> str:
        return os.environ.get(URL_VARIABLE, "")

    slots = Int(2, min=1, config=True, help="""How many runs it carries out at once.""")

    sandbox_backend = Type(
        FirstChoiceBackend,
        klass=SandboxBackend,
        config=True,
        help="""What makes the sandboxes: as for a server, bubblewrap where it works, else Docker.
        It is set up by the same settings, such as DockerBackend.url.""",
    )

    folder = Unicode(
        config=True,
        help="""Where workers of this machine note what they have, so that the others clean up after
        one that is killed. All of them share it.""",
    )

    @default("folder")
    def _default_folder(self) -> str:
        state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return f"{state}/codesyncx/workers"

    aliases = {  # noqa: RUF012 - as traitlets has it
        "config": "RunWorker.config_file",
        "slots": "RunWorker.slots",
        "folder": "RunWorker.folder",
    }

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the command line and the file."""
        self.parse_command_line(argv)
        if self.config_file:
            file = Path(self.config_file).absolute()
            self.load_config_file(file.name, str(file.parent))
            self.parse_command_line(argv)

    def start(self) -> None:
        """Work until a signal comes; leave with 1, and why, if that can't be."""
        try:
            from .worker import Worker  # noqa: PLC0415 - an extra, which may not be there
        except ImportError:
            sys.exit("Workers need Redis's client: pip install codesyncx[workers]")
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        try:
            backend = self.sandbox_backend(parent=self)  # type: ignore[abstract]
            asyncio.run(self._work(Worker(self.redis_url, backend, self.slots, Path(self.folder))))
        except ValueError as error:
            sys.exit(f"RunWorker.redis_url is no address of a Redis: {error}")
        except CodeSyncXError as error:
            sys.exit(str(error))

    async def _work(self, worker: Any) -> None:
        working = asyncio.ensure_future(worker.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, working.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await working


def main() -> None:
    """Be the command."""
    RunWorker.launch_instance()


if __name__ == "__main__":
    main()
