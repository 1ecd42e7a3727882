"""Changes files in a sandbox's work folder from outside, while its command runs.

The command may do there whatever it likes meanwhile, so every step goes by a descriptor of its
folder and through no link. Blocks: for a thread of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import posixpath
import secrets
import shutil
import tarfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from ..snapshot import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER_MODE = 0o755


def update_folder(
    folder: int, changed: IO[bytes], removed: Sequence[str], *, uid: int | None
) -> None:
    """Put the members of a tar archive into an open folder, and take paths out of it.

    `uid` is the machine's user for the sandbox if this process is root: the files will be theirs.
    Each file is there as a whole or not at all. OSError with the path of what can't be put in;
    the rest is.
    """
    complaint: OSError | None = None
    with _as_user(uid):
        for path in removed:
            with contextlib.suppress(OSError):
                _remove(folder, path)
        with tarfile.open(fileobj=changed, mode="r|") as archive:
            for member in archive:
                try:
                    _put(folder, archive, member)
                except OSError as error:
                    complaint = OSError(error.errno, error.strerror, member.name)
    if complaint is not None:
        raise complaint


def _put(folder: int, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    above, name = posixpath.split(member.name)
    with _opened(folder, above) as place:
        if member.isdir():
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, _FOLDER_MODE, dir_fd=place)
            return
        # Never half of a file, and what has been opened before keeps what it had.
        half = f".csx-{secrets.token_hex(8)}"
        try:
            if member.issym():
                os.symlink(member.linkname, half, dir_fd=place)
            else:
                _write(place, half, archive, member)
            os.rename(half, name, src_dir_fd=place, dst_dir_fd=place)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(half, dir_fd=place)
            raise


def _write(place: int, name: str, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    source = archive.extractfile(member)
    if source is None:
        raise OSError(f"{member.name} is no file")
    with os.fdopen(os.open(name, _NEW_FILE, member.mode, dir_fd=place), "wb") as file:
        shutil.copyfileobj(source, file)
        file.flush()
        when = int(member.mtime) * NS_PER_S
        os.utime(file.fileno(), ns=(when, when))


def _remove(folder: int, path: str) -> None:
    above, name = posixpath.split(path)
    with _opened(folder, above) as place:
        os.unlink(name, dir_fd=place)


@contextmanager
def _opened(folder: int, path: str) -> Iterator[int]:
    """Open a folder below an open one, and make what of it isn't there."""
    place = os.dup(folder)
    try:
        for name in filter(None, path.split("/")):
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, _FOLDER_MODE, dir_fd=place)
            inner = os.open(name, _FOLDER, dir_fd=place)
            os.close(place)
            place = inner
        yield place
    finally:
        os.close(place)


@contextmanager
def _as_user(uid: int | None) -> Iterator[None]:
    """Be another user to the file system, in this thread only (setfsuid(2)).

    The sandbox's files can belong only to users of the sandbox's own, of which root is none.
    """
    if uid is None:
        yield
        return
    libc = ctypes.CDLL(None)
    libc.setfsgid(uid)
    libc.setfsuid(uid)
    try:
        yield
    finally:
        libc.setfsuid(os.geteuid())
        libc.setfsgid(os.getegid())
