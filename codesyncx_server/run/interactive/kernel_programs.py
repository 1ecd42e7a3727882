"""The kernels of this server that start in a sandbox, each tried out once."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Any

from codesyncx_spawner.errors import NoSandboxError, SandboxError
from codesyncx_spawner.interactive.programs import Program, programs_for
from codesyncx_spawner.interactive.provisioner import NAME, READ_ONLY
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_core.utils import ensure_async

from ...errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SUFFIX = "(sandbox)"


class KernelPrograms(KernelSpecManager):
    """The kernelspecs of people who have their kernels in sandboxes.

    They have the names of the server's own, so that a notebook is of the same kernel to everybody.
    """

    def __init__(
        self,
        inner: KernelSpecManager,
        works: Callable[[Program], Awaitable[bool]],
        *,
        share_environment: bool,
        **kwargs: Any,
    ) -> None:
        """Take the server's own kernelspecs, and what tries a program out in a sandbox."""
        super().__init__(**kwargs)
        self._inner = inner
        self._works = works
        self._share_environment = share_environment
        self._found: dict[str, tuple[KernelSpec, str]] = {}
        self._tried: dict[tuple[str, ...], Program | None] = {}
        self._looking = asyncio.Lock()

    async def look(self) -> None:
        """Find out what works; SandboxError or NoSandboxError where no sandbox can be had."""
        async with self._looking:
            found = {}
            for name, told in (await ensure_async(self._inner.get_all_specs())).items():
                spec = await ensure_async(self._inner.get_kernel_spec(name))
                program = await self._program_of(spec)
                if program is not None:
                    found[name] = (_in_sandbox(spec, program), told["resource_dir"])
            self._found = found

    async def _program_of(self, spec: KernelSpec) -> Program | None:
        argv = tuple(spec.argv)
        if argv not in self._tried:
            self._tried[argv] = None
            for program in programs_for(argv, share_environment=self._share_environment):
                try:
                    works = await self._works(program)
                except NoSandboxError:
                    del self._tried[argv]
                    raise
                except SandboxError as error:
                    self.log.info("%s can't be had in a sandbox: %s", program.argv[0], error)
                    works = False
                if works:
                    self._tried[argv] = program
                    break
        return self._tried[argv]

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Give a kernelspec that starts in a sandbox; NoSuchKernel for others."""
        if kernel_name not in self._found:
            raise NoSuchKernel(kernel_name)
        return self._found[kernel_name][0]

    def require(self, name: str) -> None:
        """Raise NotFoundError, with what to do, unless a kernel of this name works."""
        if name not in self._found:
            raise NotFoundError(
                f"The kernel {name} doesn't start in a sandbox on this server. Whoever looks after "
                "it can install it where sandboxes see it, such as /usr "
                "(Debian, Ubuntu: apt install python3-ipykernel)."
            )

    def find_kernel_specs(self) -> dict[str, str]:
        """Give their names and where their pictures are."""
        return {name: folder for name, (_, folder) in self._found.items()}

    def get_all_specs(self) -> dict[str, Any]:
        """Give all of them."""
        return {
            name: {"resource_dir": folder, "spec": spec.to_dict()}
            for name, (spec, folder) in self._found.items()
        }


def _in_sandbox(spec: KernelSpec, program: Program) -> KernelSpec:
    """Give a kernelspec as it is in a sandbox: without the environment that its owner gave it."""
    made = copy.deepcopy(spec)
    made.display_name = f"{spec.display_name} {_SUFFIX}"
    made.argv = list(program.argv)
    made.env = {}
    made.metadata = {
        "kernel_provisioner": {"provisioner_name": NAME},
        READ_ONLY: list(program.read_only),
    }
    return made
