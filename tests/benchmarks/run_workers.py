"""Fifty runs of a second through two workers with one place each, told by Redis.

    python tests/benchmarks/run_workers.py [--json results.json]

How much of the time a place was idle; `run.py` has the same, with the same people, for a server
that carries out its runs itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from run import MANY_RUNS, PLACES, queue_report  # noqa: E402
from support.redis_server import running_redis  # noqa: E402
from support.servers import LabServer  # noqa: E402

#: Some wait at the workers, so that the next begins at once.
WAITING = f"--CodeSyncXApp.max_runs={PLACES + 2}"
BACKEND = "--CodeSyncXApp.sandbox_backend=codesyncx_spawner.workers.backend.WorkersBackend"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with running_redis() as redis, tempfile.TemporaryDirectory() as name:
        env = {"CODESYNCX_REDIS_URL": redis.url}
        command = [sys.executable, "-m", "codesyncx_spawner.workers", "--slots=1"]
        workers = [
            subprocess.Popen(
                [*command, f"--folder={name}/workers"], env={"PATH": "/usr/bin:/bin", **env}
            )
            for _ in range(PLACES)
        ]
        try:
            with LabServer(Path(name), args=(*MANY_RUNS, WAITING, BACKEND), env=env) as server:
                (server.root / "file.py").write_text("print('one of many')\n")
                report = asyncio.run(queue_report(server))
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait()
    print("workers", json.dumps(report))
    if options.json:
        found = json.loads(options.json.read_text()) if options.json.exists() else {}
        options.json.write_text(json.dumps({**found, "workers": report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
