"""The file behind a document: read as people expect it, written whole or not at all.

The loop is never held up: all file work is done in worker threads.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import errno
import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import nbformat
from jupyter_server.services.contents.filemanager import FileContentsManager
from tornado.web import HTTPError

from ..errors import InvalidRequestError, NotFoundError, RefusedError, StorageError
from .contents_file import ContentsFile, Loaded
from .text_form import TextForm

if TYPE_CHECKING:
    from collections.abc import Callable

_NOTEBOOK = "notebook"
_NOTEBOOK_VERSION = 4


class Look(NamedTuple):
    """What the disk says of a file; equal looks are the same content."""

    mtime_ns: int
    size: int
    inode: int


class AnyDocumentFile(Protocol):
    """A document's file, wherever the contents manager keeps it."""

    path: str
    sha256: str | None

    async def load(self) -> Loaded: ...
    async def save(
        self, content: Any, before_replace: Callable[[str], None], *, may_create: bool = True
    ) -> str: ...
    async def has_changed(self) -> bool: ...


def open_document_file(
    manager: Any, path: str, file_format: str, file_type: str
) -> AnyDocumentFile:
    """Give the file at `path`, ours for files on the disk, the contents manager's for others."""
    if isinstance(manager, FileContentsManager):
        return DocumentFile(manager, path, file_format, file_type)
    return ContentsFile(manager, path, file_format, file_type)


class DocumentFile:
    """A file on the disk."""

    def __init__(self, manager: Any, path: str, file_format: str, file_type: str) -> None:
        self.path = path
        self.sha256: str | None = None
        self._manager = manager
        self._format = file_format
        self._type = file_type
        self._form = TextForm()
        self._look: Look | None = None
        self._unreadable: tuple[Look, str] | None = None
        self._lock = asyncio.Lock()

    async def load(self) -> Loaded:
        """Read the file; raises what is wrong with it in the person's words."""
        async with self._lock:
            loaded = await asyncio.to_thread(self._load)
            if self._type == _NOTEBOOK:
                await self._mark_trust(loaded.content)
            return loaded

    async def save(
        self, content: Any, before_replace: Callable[[str], None], *, may_create: bool = True
    ) -> str:
        """Replace the file; `before_replace` is told the hash right before (in a worker thread).

        NotFoundError when it is gone and not to be created again.
        """
        async with self._lock:
            if self._type == _NOTEBOOK:
                content = await self._sign(content)
            return await asyncio.to_thread(self._save, content, before_replace, may_create)

    async def has_changed(self) -> bool:
        """Whether somebody else wrote it since; NotFoundError when it is gone."""
        look = await asyncio.to_thread(self._look_now)
        return look != self._look

    def _load(self) -> Loaded:
        os_path = self._os_path()
        with _plain_errors(self.path, "read"), os_path.open("rb") as file:
            look = _look(os.fstat(file.fileno()))
            if self._unreadable is not None and self._unreadable[0] == look:
                raise InvalidRequestError(self._unreadable[1])
            data = file.read()
        try:
            content = self._decode(data)
        except InvalidRequestError as error:
            self._unreadable = look, str(error)
            raise
        # Only now: what couldn't be read must still count as somebody else's change.
        self._look = look
        self.sha256 = hashlib.sha256(data).hexdigest()
        return Loaded(content, self.sha256)

    def _save(
        self,
        content: Any,
        before_replace: Callable[[str], None],
        may_create: bool,  # noqa: FBT001 (to_thread passes it on)
    ) -> str:
        os_path = self._os_path()
        model = {"type": self._model_type, "format": self._format, "content": content}
        try:
            self._manager.run_pre_save_hooks(model=model, path=self.path)
        except HTTPError as error:
            raise RefusedError(error.log_message or "A hook refused to save this file.") from error
        data = self._encode(model["content"])
        sha256 = hashlib.sha256(data).hexdigest()
        with _plain_errors(self.path, "write"):
            target = os_path.resolve()
            if not may_create:
                target.stat()
            if not self._holds(target, data):
                self._look = _replace(target, data, lambda: before_replace(sha256))
            else:
                before_replace(sha256)
                self._look = _look(target.stat())
        self.sha256 = sha256
        self._manager.run_post_save_hooks(model=model, os_path=str(os_path))
        return sha256

    def _holds(self, target: Path, data: bytes) -> bool:
        try:
            return target.stat().st_size == len(data) and target.read_bytes() == data
        except FileNotFoundError:
            return False

    def _look_now(self) -> Look:
        with _plain_errors(self.path, "read"):
            return _look(self._os_path().stat())

    def _os_path(self) -> Path:
        manager = self._manager
        try:
            os_path = Path(manager._get_os_path(self.path))
        except HTTPError as error:
            raise NotFoundError(f"{self.path} isn't in this project.") from error
        with _plain_errors(self.path, "read"):
            is_hidden = FileContentsManager.is_hidden(manager, self.path)
        if is_hidden and not manager.allow_hidden:
            raise NotFoundError(f"{self.path} is hidden.")
        return os_path

    @property
    def _model_type(self) -> str:
        return _NOTEBOOK if self._type == _NOTEBOOK else "file"

    def _decode(self, data: bytes) -> Any:
        if self._format == "base64":
            # jupyter_ydoc's blobs hold bytes; what else is opened as base64 holds its text.
            return data if self._type == "blob" else base64.b64encode(data).decode("ascii")
        try:
            text, self._form = TextForm.read(data)
        except UnicodeDecodeError as error:
            raise InvalidRequestError(f"{self.path} is not UTF-8 text.") from error
        return self._read_notebook(text) if self._type == _NOTEBOOK else text

    def _read_notebook(self, text: str) -> Any:
        try:
            # The hook lets other threads run between objects: without it a large notebook would
            # be parsed in one go, with the interpreter locked.
            notebook = nbformat.reads(
                text, as_version=_NOTEBOOK_VERSION, object_hook=lambda value: value
            )
        except Exception as error:  # nbformat raises whatever it stumbles upon
            raise InvalidRequestError(
                f"{self.path} is no readable notebook: {str(error)[:200]}"
            ) from error
        return notebook

    async def _mark_trust(self, notebook: Any) -> None:
        """Mark cells as trusted as Jupyter does; its store of signatures knows one thread only."""
        notary = self._manager.notary
        signature = await asyncio.to_thread(notary.compute_signature, notebook)
        notary.mark_cells(notebook, notary.store.check_signature(signature, notary.algorithm))

    async def _sign(self, content: Any) -> Any:
        """Sign a notebook whose cells are all trusted."""
        notary = self._manager.notary

        def prepare() -> tuple[Any, str | None]:
            notebook = nbformat.from_dict(content)
            is_trusted = notary.check_cells(notebook)
            return notebook, notary.compute_signature(notebook) if is_trusted else None

        notebook, signature = await asyncio.to_thread(prepare)
        if signature is not None:
            notary.store.store_signature(signature, notary.algorithm)
        return notebook

    def _encode(self, content: Any) -> bytes:
        if self._type == _NOTEBOOK:
            text = nbformat.writes(nbformat.from_dict(content), version=nbformat.NO_CONVERT)
            return self._form.write(text if text.endswith("\n") else f"{text}\n")
        if self._format == "base64":
            if isinstance(content, bytes):
                return content
            try:
                return base64.b64decode(content, validate=True)
            except binascii.Error as error:
                raise InvalidRequestError(f"{self.path} is no valid base64 any more.") from error
        return self._form.write(content)


@contextlib.contextmanager
def _plain_errors(path: str, action: str) -> Any:
    """Say what the operating system refused in the person's words."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} doesn't exist.") from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise InvalidRequestError(f"{path} is not a file.") from error
    except PermissionError as error:
        raise RefusedError(f"The server may not {action} {path}.") from error
    except (OSError, RuntimeError) as error:  # pathlib tells of a loop by RuntimeError
        number = getattr(error, "errno", None)
        if number == errno.ELOOP or isinstance(error, RuntimeError):
            raise InvalidRequestError(f"{path} is a link that leads to itself.") from error
        if number in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StorageError(f"The disk is full: {path} couldn't be written.") from error
        reason = getattr(error, "strerror", None) or error
        raise StorageError(f"Couldn't {action} {path}: {reason}.") from error


def _look(status: os.stat_result) -> Look:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a directory")
    return Look(status.st_mtime_ns, status.st_size, status.st_ino)


def _replace(target: Path, data: bytes, before_replace: Callable[[], None]) -> Look:
    """Write beside the file and rename over it, so that it is always whole."""
    try:
        status: os.stat_result | None = target.stat()
    except FileNotFoundError:
        status = None
    if status is not None:
        _look(status)
        # The superuser could write it all the same; whoever took the right away meant it.
        if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(errno.EACCES, "is read-only")
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "may not be written")
    # JupyterLab and our own watcher leave out names that begin like this.
    temporary = target.with_name(f".~csx-{secrets.token_hex(6)}.tmp")
    mode = 0o666 if status is None else stat.S_IMODE(status.st_mode)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if status is not None:
                os.fchmod(file.fileno(), mode)
                with contextlib.suppress(PermissionError):  # only the superuser gives files away
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fsync(file.fileno())
            look = _look(os.fstat(file.fileno()))
        before_replace()
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return look
