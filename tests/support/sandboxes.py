"""Runs hostile code in a sandbox of any kind, within limits that bound what a test can do."""

from __future__ import annotations

import io
import os
import secrets
import tarfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codesyncx_spawner.egress import expand
from codesyncx_spawner.execution import Execution
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox.backend import Sandbox, SandboxBackend, SandboxSpec, Usage
from codesyncx_spawner.sandbox.server_name import name_waiting
from codesyncx_spawner.sandbox.warm_plan import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesyncx_spawner.output import Piece
    from codesyncx_spawner.states import Ending

TIGHT = Limits(
    cpu=0.5,
    memory_bytes=100_000_000,
    pids=16,
    disk_bytes=20_000_000,
    files=500,
    open_files=64,
    output_bytes=50_000,
    time_s=60,
)
BRIEF = Limits(**{**{name: getattr(TIGHT, name) for name in TIGHT.__slots__}, "time_s": 1.0})


@dataclass
class Result:
    """What came of a run."""

    ending: Ending
    text: str
    notices: list[str]
    usage: Usage
    artifacts: dict[str, bytes]
    left_out: dict[str, str]


@dataclass
class Ground:
    """Where code is let loose."""

    backend: SandboxBackend
    folder: Path

    async def run(
        self,
        code: str,
        limits: Limits = TIGHT,
        *,
        archive: io.BytesIO | None = None,
        stop_at: str | None = None,
        image: str | None = None,
        files: Mapping[str, str] | None = None,
        network: Sequence[str] = (),
    ) -> Result:
        """Run Python code in a sandbox; stop it when it has printed a line `stop_at`."""
        mark = f"{os.getpid()}-{secrets.token_hex(4)}"
        spec = SandboxSpec(
            mark,
            ("/usr/bin/python3", "main.py", mark),
            limits,
            image=image,
            network=expand(network),
        )
        pieces: list[Piece] = []

        def tell(more: list[Piece]) -> None:
            pieces.extend(more)
            if stop_at is not None and any(piece.text == stop_at for piece in more):
                execution.stop()

        sandbox = await self.backend.prepare(spec)
        execution = Execution(sandbox, limits, tell)
        target = self.folder / spec.run_id
        try:
            all_files = {"main.py": textwrap.dedent(code), **(files or {})}
            ending = await execution.run(archive or archive_of(all_files), nothing)
            kept = await sandbox.collect(target, {}, 1_000_000, lambda path: path != "main.py")
            usage = sandbox.usage()
        finally:
            await sandbox.release()
        assert processes_with(mark) == []
        return Result(
            ending,
            "".join(p.text + "\n" * p.ends_line for p in pieces if not p.is_notice),
            [piece.text for piece in pieces if piece.is_notice],
            usage,
            {path: (target / path).read_bytes() for path in kept.paths},
            dict(kept.left_out),
        )


class AlwaysWarm(SandboxBackend):
    """Gives sandboxes that stood before it was known what would run in them."""

    def __init__(self, backend: SandboxBackend) -> None:
        super().__init__()
        self._backend = backend

    async def check(self) -> None:
        await self._backend.check()

    async def prepare(self, spec: SandboxSpec) -> Sandbox:
        kind = kind_of(spec)
        assert kind is not None
        sandbox = await self._backend.stand(kind.to_spec(name_waiting()), 60)
        assert sandbox is not None
        assert sandbox.is_standing
        sandbox.assign(spec)
        return sandbox

    async def reap(self, run_id: str, handle: str) -> None:
        await self._backend.reap(run_id, handle)

    async def close(self) -> None:
        await self._backend.close()


async def nothing() -> None:
    """Do nothing when it has started."""


def archive_of(files: dict[str, str]) -> io.BytesIO:
    """Make a tar archive of texts."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    archive.seek(0)
    return archive


def processes_with(mark: str) -> list[int]:
    """Give the processes of this machine that have `mark` on their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in command:
                found.append(int(folder.name))
    return found
