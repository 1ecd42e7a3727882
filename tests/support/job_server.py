"""A server with very many short runs, to be killed: it tells each of their steps in a line of JSON.

python job_server.py FOLDER COUNT BACKEND [URL]
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from codesyncx_spawner.errors import NoSandboxError
from codesyncx_spawner.fair_queue import Quotas
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.run_file import RunConfiguration
from codesyncx_spawner.runner import Runner
from codesyncx_spawner.snapshot import Snapshot, write_snapshot
from traitlets.utils.importstring import import_item

from codesyncx_server.access.model import Person

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from codesyncx_spawner.run import Run
    from codesyncx_spawner.snapshot import Look

BACKENDS = {
    "bubblewrap": ("codesyncx_spawner.sandbox.bubblewrap.BubblewrapBackend", ""),
    "docker": ("codesyncx_spawner.sandbox.docker.DockerBackend", "url"),
    "workers": ("codesyncx_spawner.workers.backend.WorkersBackend", "redis_url"),
}
QUOTAS = Quotas(4, 4, 4, 1000, 1000)
WHAT = RunConfiguration(
    "",
    ("/bin/sh", "-c", "echo begun; sleep 0.1; cat data.txt > made; echo over"),
    limits=Limits(memory_bytes=100_000_000, disk_bytes=10_000_000),
)


class ProjectFiles:
    """A project of which everybody may read everything."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def snapshot(
        self, run: Run, archive: IO[bytes], known: Mapping[str, Look] | None = None
    ) -> Snapshot:
        """Write all that there is."""
        return write_snapshot(self.root, archive, lambda _: True, run.what.limits, known)


def tell(run: Run) -> None:
    """Print a step."""
    print(json.dumps([run.id, run.state, run.attempt]), flush=True)  # noqa: T201


async def until_it_works(attempt: Callable[[], Awaitable[object]]) -> None:
    """Try again what is refused while Redis is away."""
    while True:
        try:
            await attempt()
        except NoSandboxError:
            await asyncio.sleep(0.2)
        else:
            return


async def main(folder: Path, count: int, name: str, url: str = "") -> None:
    """Have so many runs, and go on until all of them are over."""
    kind, option = BACKENDS[name]
    backend = import_item(kind)(**({option: url} if option else {}))
    files = ProjectFiles(folder / "project")
    runner = Runner(folder / "runs", backend, files, quotas=QUOTAS, changed=tell)
    await until_it_works(runner.start)
    for _ in range(count - len(runner.runs())):
        await until_it_works(lambda: runner.submit(Person("ada"), WHAT))
    for run in runner.runs():
        async for _ in runner.follow(run.id):
            pass
    await runner.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
