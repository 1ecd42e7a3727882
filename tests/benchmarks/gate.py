"""What it costs to judge every edit: for one update, and with 30 people typing.

    python tests/benchmarks/gate.py [--json results.json] [--rounds 3] [--only update,writers]

`update` gives the microseconds that a room takes for one letter in documents of 1, 20 and 100 kB:
by somebody who may edit all of it, where nothing is shared in ranges and where 20 ranges are; and
by a holder of those 20. `writers` has 30 people type in one room, alternating between a server
where all are editors and one where all hold 20 ranges and may only read the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from benchmarks import scenarios  # noqa: E402
from benchmarks.contestants import OURS, Jupyter  # noqa: E402
from demo_people import token_of  # noqa: E402
from support.judged_room import JudgedRoom  # noqa: E402
from support.servers import LabServer  # noqa: E402

from codesyncx_server.collab import protocol  # noqa: E402
from codesyncx_server.collab.rights import FULL, Rights  # noqa: E402

if TYPE_CHECKING:
    from benchmarks.load import Address

RANGES = 20
SIZES = (1_000, 20_000, 100_000)
UPDATES = 2_000
WRITERS = 30
LINE = "line of a file that people edit together\n"
HOLDER = Rights(may_edit=False, open=frozenset(map(str, range(RANGES))))


def update_us(size: int) -> dict[str, float]:
    """Measure one update on a document of so many bytes."""
    lines = max(size // len(LINE), 2 * RANGES)
    line = LINE[: size // lines - 1] + "\n"
    content = line * lines
    ranges = {str(i): (i * lines // RANGES + 1, (i + 1) * lines // RANGES) for i in range(RANGES)}
    unshared = JudgedRoom(content=content, ranges={})
    unshared.tracker.close()
    return {
        "unshared": _median_us(unshared, FULL),
        "editor": _median_us(JudgedRoom(content=content, ranges=ranges), FULL),
        "holder": _median_us(JudgedRoom(content=content, ranges=ranges), HOLDER),
    }


def _median_us(room: JudgedRoom, rights: Rights) -> float:
    client = room.join("ada", rights)
    random.seed(1)
    data = str(client.text)
    messages = []
    for _ in range(UPDATES):
        at = random.randrange(len(data))
        at += len(data[at:].split("\n", 1)[0]) // 2
        state = client.doc.get_state()
        client.text.insert(at, "x")
        messages.append(protocol.decode(protocol.sync_update(client.doc.get_update(state))))
    took = []
    for message in messages:
        began = time.perf_counter()
        room.engine.receive(client.session, message)
        took.append(time.perf_counter() - began)
        room.clock.pass_s()
        client.wire.sent.clear()
    return round(1e6 * statistics.median(took), 1)


class Shared(Jupyter):
    """Ours, with every file shared with everybody in ranges, and nothing but reading besides."""

    def __init__(self, folder: Path) -> None:
        super().__init__(OURS, folder)
        args = ("--ServerApp.log_level=WARN",)
        self.lab = LabServer(folder, args=args, default_role="viewer")
        self.start, self.stop, self.kill = self.lab.start, self.lab.stop, self.lab.kill
        self._shared: set[str] = set()

    async def address(self, name: str, person: str) -> Address:
        """Share the file, the first time, and ask for its room."""
        if name not in self._shared:
            self._shared.add(name)
            lines = self.file(name).read_text().count("\n")
            for i in range(RANGES):
                first, last = i * lines // RANGES + 1, (i + 1) * lines // RANGES
                await asyncio.to_thread(self._share, name, first, last)
        return await super().address(name, person)

    def _share(self, name: str, first: int, last: int) -> None:
        lines = {"kind": "lines", "start_line": first, "end_line": last}
        grant = {"subject": {"kind": "everyone"}, "path": name, "range": lines, "role": "editor"}
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.lab.url}/codesyncx/api/access/grants",
            method="POST",
            data=json.dumps(grant).encode(),
            headers={"Authorization": f"token {token_of('ada', self.lab.token)}"},
        )
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310


def writers(*, is_judged: bool) -> dict[str, Any]:
    """Have 30 people type in one room of a new server."""
    with tempfile.TemporaryDirectory() as folder:
        server = Shared(Path(folder)) if is_judged else Jupyter(OURS, Path(folder))
        with server:
            return asyncio.run(scenarios.crowd(server, 1, WRITERS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="update,writers")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    report: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}",
        "python": platform.python_version(),
    }
    if "update" in options.only:
        report["update_us"] = {size: update_us(size) for size in SIZES}
        print(json.dumps(report["update_us"], indent=2), flush=True)
    if "writers" in options.only:
        rounds = []
        for number in range(options.rounds):
            # Neither is always the one that comes first.
            first, second = (writers(is_judged=bool(number % 2 - place)) for place in (0, 1))
            off, on = (first, second) if number % 2 == 0 else (second, first)
            ratio = round(on["cpu_s_per_1000"] / off["cpu_s_per_1000"], 3)
            rounds.append({"off": off, "on": on, "cpu_ratio": ratio})
            print(json.dumps(rounds[-1]), flush=True)
        report["writers"] = rounds
        report["cpu_ratio"] = statistics.median(each["cpu_ratio"] for each in rounds)
        print(f"CPU with the gate on: {report['cpu_ratio']} times that with it off")
    if options.json:
        found = json.loads(options.json.read_text()) if options.json.exists() else {}
        options.json.write_text(json.dumps({**found, "gate": report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
