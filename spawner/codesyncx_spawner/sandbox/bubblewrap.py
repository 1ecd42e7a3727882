"""Sandboxes by bubblewrap: Linux namespaces, no daemon, no image; the embedded default."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import secrets
import shutil
import signal
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets import Int, List, TraitError, Unicode, validate

from ..errors import NoSandboxError, OverLimitError, SandboxError
from ..limits import Limits
from . import processes
from .backend import SandboxBackend, SandboxSpec
from .bubblewrap_command import source_and_place
from .bubblewrap_sandbox import BubblewrapSandbox
from .cgroups import (
    ControlGroup,
    GroupsRefusedError,
    Hierarchy,
    find_hierarchies,
    names_of_groups,
)
from .layout import mark_of
from .seccomp import load_program
from .server_name import is_left

if TYPE_CHECKING:
    from traitlets import Bunch

_OLDEST = (0, 8)
_USERS = 60_000
_INSTALL = (
    "install it (on Debian and Ubuntu: apt install bubblewrap), or ask whoever looks after "
    "this server to."
)


class BubblewrapBackend(SandboxBackend):
    """Starts sandboxes below this process; they end with it."""

    program = Unicode(
        "bwrap",
        config=True,
        help="""The bubblewrap to use: a name to look for, or a path.""",
    )

    read_only_paths = List(
        Unicode(),
        config=True,
        help="""Folders of this machine that are in every sandbox, read-only, beside /usr: such as
        "/opt/conda", or "/home/class/conda:/opt/conda" to have them at another place there.
        Whoever may run code may read them.""",
    )

    @validate("read_only_paths")
    def _places_can_be_seen(self, proposal: Bunch) -> list[str]:
        for path in proposal["value"]:
            try:
                source_and_place(path)
            except ValueError as error:
                raise TraitError(f"BubblewrapBackend.read_only_paths: {error}") from error
        return list(proposal["value"])

    search_path = Unicode(
        "/usr/local/bin:/usr/bin:/bin",
        config=True,
        help="""Where commands are looked for in a sandbox: its PATH.""",
    )

    first_uid = Int(
        1_900_000_000,
        min=1,
        config=True,
        help="""When the server is root, each sandbox has a user of its own to the rest of the
        machine: one of the 60,000 numbers from here on, none of which must be anybody's.""",
    )

    makes_groups = True
    """Whether control groups are tried; what is enforced then, each of them says."""

    _path: str | None = None
    _next_user = 0

    async def check(self) -> None:
        """Start a sandbox, once: nothing else says whether this machine lets us."""
        if self._path is not None:
            return
        path = shutil.which(self.program)
        if path is None:
            raise NoSandboxError(
                f"Running code needs bubblewrap, which isn't on this server: {_INSTALL}"
            )
        load_program()
        await _check_version(path)
        await self._sweep()
        self._path = path
        try:
            try:
                await self._try_out()
            except GroupsRefusedError as error:
                self.log.warning("Sandboxes have no control groups here: %s", error)
                self.makes_groups = False
                await self._try_out()
        except (SandboxError, OSError) as error:
            self._path = None
            raise NoSandboxError(
                f"bubblewrap is installed, but can't make a sandbox here: {error} If this server "
                "is in a container or has AppArmor, that may have to allow user namespaces."
            ) from error

    async def _try_out(self) -> None:
        sandbox = await self.prepare(
            SandboxSpec(f"check-{secrets.token_hex(4)}", ("true",), Limits())
        )
        try:
            await sandbox.start(io.BytesIO(bytes(2 * tarfile.BLOCKSIZE)))
            async for _ in sandbox.logs():
                pass
            ending = await sandbox.wait()
        finally:
            await sandbox.release()
        if ending.exit_code:
            raise SandboxError(f"a command in it ended with exit code {ending.exit_code}.")

    async def prepare(self, spec: SandboxSpec) -> BubblewrapSandbox:
        """Make a sandbox that waits for what it is to run."""
        return await self.stand(spec, 0)

    async def stand(self, spec: SandboxSpec, most_wait_s: float) -> BubblewrapSandbox:
        del most_wait_s  # it ends with this process
        if spec.image is not None:
            raise OverLimitError(
                f"This server has no base images, and the run asks for {spec.image!r}: its "
                "sandboxes hold what is installed on the server. Sandboxes by Docker have images."
            )
        for path in spec.read_only:
            try:
                source_and_place(path)
            except ValueError as error:
                raise SandboxError(str(error)) from error
        await self.check()
        group = self._group_of(spec.run_id)
        # In one go: whoever is cancelled here would leave one that is still being made.
        group.make(spec.limits)
        sandbox = BubblewrapSandbox(
            self._path or self.program,
            spec,
            load_program(),
            group,
            read_only=self.read_only_paths,
            search_path=self.search_path,
            uid=self._take_user(),
        )
        try:
            await sandbox.stand()
        except BaseException:
            await sandbox.release()
            raise
        return sandbox

    async def reap(self, run_id: str, handle: str) -> None:
        """End a sandbox by the handle that was written down of it; usually it ended with us."""
        told = json.loads(handle) if handle else {}
        pid = told.get("pid")
        if pid and told["started_at"] == processes.started_at(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # bubblewrap's second process waits for ever if the first is killed before they have spoken.
        name = told.get("name", run_id)
        await asyncio.to_thread(processes.end_marked, mark_of(name))
        group = self._group_of(name)
        for left in group.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        await asyncio.to_thread(group.remove)

    async def _sweep(self) -> None:
        """Take away sandboxes that waited for runs of servers which were killed."""
        marked = await asyncio.to_thread(processes.marks, mark_of(""))
        grouped = names_of_groups(self._hierarchies())
        for name in {mark.removeprefix(mark_of("")) for mark in marked | grouped}:
            if is_left(name):
                await self.reap(name, "")

    def _group_of(self, run_id: str) -> ControlGroup:
        return ControlGroup(run_id, self._hierarchies())

    def _hierarchies(self) -> list[Hierarchy]:
        if not self.makes_groups:
            return []
        mounts = Path("/proc/mounts").read_text(errors="replace")
        return find_hierarchies(mounts, Path("/proc/self/cgroup").read_text())

    def _take_user(self) -> int | None:
        if os.geteuid() != 0:
            return None
        self._next_user = (self._next_user + 1) % _USERS
        return self.first_uid + self._next_user


async def _check_version(path: str) -> None:
    process = await asyncio.create_subprocess_exec(
        path, "--version", stdout=asyncio.subprocess.PIPE, env={}
    )
    told, _ = await process.communicate()
    found = re.search(rb"(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
        raise NoSandboxError(
            f"Running code needs bubblewrap {_OLDEST[0]}.{_OLDEST[1]} or newer; this server has "
            f"{told.decode(errors='replace').strip() or 'another program of that name'}."
        )
