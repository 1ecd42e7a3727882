"""Reads the commits of a project's own repository, which somebody hostile may have made.

Git sees a folder of ours with an empty configuration; of the project's it has the objects and the
names of commits, and nothing else. So no setting of the repository counts: no hook, filter, monitor
or other program is started, nothing is fetched, no other repository is looked into.

Blocks: for a thread of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, Self

from codesyncx_server.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

#: How long git may take for one thing.
PATIENCE_S = 60.0
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tbare = true
\tbigFileThreshold = 1m
"""
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_COMMIT = re.compile(r"[0-9a-f]{40}")
_WHEN = re.compile(rb"^committer .*> (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
_ENTRY = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]{40}) +(-|\d+)\t(.*)", re.DOTALL)
_LONGEST_ENTRY = 8192
_MOST_HEAD_BYTES = 1_000_000


class Entry(NamedTuple):
    """Something that a commit has at a path; `size` is that of a file."""

    mode: int
    object_id: str
    size: int
    path: str


class GitRepository:
    """`with GitRepository(root) as git:` reads the repository in a project's folder."""

    def __init__(self, root: Path) -> None:
        """Take the project's folder; InvalidRequestError if it has no repository to be read."""
        self._git = shutil.which("git")
        if self._git is None:
            raise InvalidRequestError(
                "A commit can't be run: whoever looks after this server has to install git."
            )
        self._real = root / ".git"
        self._check()
        self._folder = tempfile.TemporaryDirectory(prefix="codesyncx-git-")
        ours = Path(self._folder.name)
        (ours / "config").write_text(_CONFIG)
        (ours / "HEAD").write_bytes(self._head())
        (ours / "objects").symlink_to(self._real / "objects")
        (ours / "refs").symlink_to(self._real / "refs")
        if (self._real / "packed-refs").exists():
            (ours / "packed-refs").symlink_to(self._real / "packed-refs")
        self._environment = {
            **_ENVIRONMENT,
            "GIT_DIR": self._folder.name,
            "HOME": self._folder.name,
            "PATH": os.defpath,
        }

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Leave nothing behind."""
        self._folder.cleanup()

    def _check(self) -> None:
        for name, is_right in (
            ("", stat.S_ISDIR),
            ("objects", stat.S_ISDIR),
            ("refs", stat.S_ISDIR),
            ("HEAD", stat.S_ISREG),
        ):
            try:
                mode = (self._real / name).lstat().st_mode
            except OSError as error:
                raise InvalidRequestError("The project is no git repository.") from error
            if not is_right(mode):
                raise InvalidRequestError(
                    "The project's git repository is kept somewhere else, where runs don't look."
                )
        packed = self._real / "packed-refs"
        borrows = (self._real / "objects/info/alternates").exists()
        if borrows or packed.is_symlink():
            raise InvalidRequestError(
                "The project's git repository borrows from another one, where runs don't look."
            )

    def _head(self) -> bytes:
        descriptor = os.open(self._real / "HEAD", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as head:
            return head.read(_LONGEST_ENTRY)

    def commit(self, ref: str) -> str:
        """Give the id of the commit that a branch, a tag or the beginning of an id names."""
        # As with a run's own words: nothing that begins with - gets here.
        told = self._ask("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()
        if not _COMMIT.fullmatch(told):
            raise InvalidRequestError(f"The project's git repository has no commit {ref!r}.")
        return told

    def time_of(self, commit: str) -> int:
        """Give when a commit was made, in Unix seconds; 0 if it doesn't say."""
        found = _WHEN.search(self._ask("cat-file", "commit", commit))
        return int(found[1]) if found else 0

    def entries(self, commit: str) -> Iterator[Entry]:
        """Give all that a commit has but for folders."""
        with self._running("ls-tree", "-r", "-l", "-z", "--full-tree", commit) as process:
            for told in _split(_output_of(process)):
                found = _ENTRY.fullmatch(told)
                if found is None:
                    raise InvalidRequestError("The project's git repository is damaged.")
                size = 0 if found[4] == b"-" else int(found[4])
                path = found[5].decode(errors="surrogateescape")
                yield Entry(int(found[1], 8), found[3].decode(), size, path)

    @contextmanager
    def contents(self) -> Iterator[Contents]:
        """Give the way to the contents of files."""
        with self._running("cat-file", "--batch") as process:
            yield Contents(process)

    def _ask(self, *arguments: str) -> bytes:
        with self._running(*arguments) as process:
            return _output_of(process).read(_MOST_HEAD_BYTES)

    @contextmanager
    def _running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(  # noqa: S603 - our own words, and a name that is no option
            [self._git or "git", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd=self._folder.name,
        )
        watch = threading.Timer(PATIENCE_S, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.wait()


class Contents:
    """Files' contents, one after the other."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._asking = process.stdin
        self._answers = _output_of(process)

    def begin(self, object_id: str, size: int) -> IO[bytes]:
        """Say where so many bytes of a file come from; `end` has to follow when they are read."""
        if self._asking is None:
            raise InvalidRequestError("The project's git repository can't be read.")
        try:
            self._asking.write(f"{object_id}\n".encode())
            self._asking.flush()
        except OSError as error:
            raise InvalidRequestError("The project's git repository can't be read.") from error
        if self._answers.readline(_LONGEST_ENTRY) != f"{object_id} blob {size}\n".encode():
            raise InvalidRequestError("The project's git repository is damaged.")
        return self._answers

    def end(self) -> None:
        """Go on to the next."""
        if self._answers.read(1) != b"\n":
            raise InvalidRequestError("The project's git repository is damaged.")


def _output_of(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:
        raise InvalidRequestError("The project's git repository can't be read.")
    return process.stdout


def _split(output: IO[bytes]) -> Iterator[bytes]:
    """Give what stands before each zero byte."""
    rest = b""
    while chunk := output.read(1 << 16):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
        if len(rest) > _LONGEST_ENTRY:
            raise InvalidRequestError("The project's git repository is damaged.")
