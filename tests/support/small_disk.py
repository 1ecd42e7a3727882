"""A disk that is soon full, or can be made read-only: a real one, in memory."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class CannotMountError(RuntimeError):
    """Whoever runs the tests may not mount a disk."""


class SmallDisk:
    """A mounted disk of a few kilobytes."""

    def __init__(self, folder: Path, kilobytes: int) -> None:
        folder.mkdir()
        self.folder = folder
        owner = f"uid={os.getuid()},gid={os.getgid()}"
        try:
            _as_root("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,{owner}", "tmpfs", folder)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = getattr(error, "stderr", "") or str(error)
            raise CannotMountError(
                f"A small disk can't be mounted: {reason.strip()}\n"
                "Run the tests as root or as somebody who may `sudo -n mount`; or those that need"
                " a disk by themselves: unshare --map-root-user --mount pytest <their files>"
            ) from error

    def remount(self, how: str) -> None:
        """Change it: `ro` or `rw`."""
        _as_root("mount", "-o", f"remount,{how}", self.folder)

    def unmount(self) -> None:
        """Take it away, whoever still has a file of it open."""
        _as_root("umount", "--lazy", self.folder)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[SmallDisk]:
    """Mount a disk at a new folder for a while."""
    disk = SmallDisk(folder, kilobytes)
    try:
        yield disk
    finally:
        disk.unmount()


def _as_root(*command: str | Path) -> None:
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*prefix, *command], check=True, capture_output=True, text=True)
