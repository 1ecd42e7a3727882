"""Puts files into a bucket, gives links to them that end by themselves, and forgets old ones."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

from ..errors import ArtifactStoreError
from .credentials import read_credentials

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from obstore.store import S3Config, S3Store

LINK_S = 300
"""How long a link holds: long enough to begin a download with."""
_PART_BYTES = 8 * 1024 * 1024
_PARTS_AT_ONCE = 2
_READ_BYTES = 256 * 1024
_REQUEST_S = 60
_RETRIES = 2
_RETRY_S = 30
_CODE = re.compile(r"<Code>(\w+)</Code>")
_NO_BUCKET = "NoSuchBucket"
_SCHEME = "s3"
_PLAIN = "http"


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where a store is: `s3://bucket/prefix`, and at which server when it isn't Amazon's.

    The key is in `credentials_file`, else in the environment or given by the machine, as AWS's
    tools look for it. `project` keeps the artifacts of projects that share a bucket apart.
    """

    url: str
    project: str
    endpoint: str = ""
    region: str = ""
    credentials_file: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no such place; ValueError."""
        parts = urlsplit(self.url)
        if parts.scheme != _SCHEME or not parts.hostname or parts.query or "@" in parts.netloc:
            raise ValueError("it has to be like s3://bucket/prefix.")
        if self.endpoint and urlsplit(self.endpoint).scheme not in {"https", _PLAIN}:
            raise ValueError("the endpoint has to be like https://s3.example.org.")
        read_credentials(self.credentials_file)

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return urlsplit(self.url).netloc

    @property
    def prefix(self) -> str:
        """What the names of all artifacts begin with."""
        return "/".join(filter(None, [urlsplit(self.url).path.strip("/"), self.project]))


class ArtifactStore:
    """One project's artifacts; keys are paths below its prefix.

    All methods raise ArtifactStoreError, which says in words what is wrong with the store.
    """

    def __init__(self, place: StorePlace) -> None:
        """Take where it is; ImportError without `obstore`."""
        import obstore  # noqa: PLC0415 - only who stores artifacts needs it

        self._obstore = obstore
        self._place = place

    async def keep(self, key: str, file: Path, content_type: str) -> None:
        """Store a file, however large; it is there whole or not at all. OSError for a link."""
        descriptor = await asyncio.to_thread(os.open, file, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as opened, self._errors(), _taking(file.name):
            about = os.fstat(descriptor)
            store = await self._open()
            name = quote(file.name)
            await self._obstore.put_async(
                store,
                key,
                opened,
                attributes={
                    "Content-Type": content_type,
                    "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
                },
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
            kept = await self._obstore.head_async(store, key)
        if kept["size"] != about.st_size:
            raise ArtifactStoreError(
                f"The artifact store has {kept['size']} of {about.st_size} bytes of {file.name}."
            )

    async def link(self, key: str) -> str:
        """Give an address that anybody can load one artifact from for five minutes."""
        with self._errors():
            store = await self._open()
            expires = timedelta(seconds=LINK_S)
            return await self._obstore.sign_async(store, "GET", key, expires)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Begin to read one artifact; what is given raises ArtifactStoreError, too."""
        with self._errors():
            found = await self._obstore.get_async(await self._open(), key)

        async def pieces() -> AsyncIterator[bytes]:
            with self._errors():
                async for piece in found.stream(min_chunk_size=_READ_BYTES):
                    yield bytes(piece)

        return pieces()

    async def delete(self, key: str) -> None:
        """Forget one artifact; one that isn't there is no matter."""
        with self._errors():
            store = await self._open()
            await self._obstore.delete_async(store, [key])

    async def forget_older(self, folder: str, days: int) -> list[str]:
        """Forget what was stored below a folder so long ago; gives the keys."""
        last = datetime.now(UTC) - timedelta(days=days)
        return await self._forget(folder, lambda one: bool(one["last_modified"] < last))

    async def forget(self, folder: str) -> list[str]:
        """Forget all that is stored below a folder; gives the keys."""
        return await self._forget(folder, lambda _: True)

    async def _forget(self, folder: str, is_old: Any) -> list[str]:
        with self._errors():
            store = await self._open()
            found = [
                one["path"]
                async for listed in self._obstore.list(store, prefix=folder)
                for one in listed
                if is_old(one)
            ]
            if found:
                await self._obstore.delete_async(store, found)
            return found

    async def _open(self) -> S3Store:
        """Open it anew each time: the key in the file may be another one by now."""
        return await asyncio.to_thread(_open, self._place)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (self._obstore.exceptions.BaseError, OSError, ValueError) as error:
            raise ArtifactStoreError(_in_words(error, self._place)) from error


def _open(place: StorePlace) -> S3Store:
    from obstore.store import S3Store  # noqa: PLC0415 - as above

    key = read_credentials(place.credentials_file)
    told: S3Config = {
        "access_key_id": key.access_key_id,
        "secret_access_key": key.secret_access_key,
        "session_token": key.session_token,
        "endpoint": place.endpoint,
        "region": place.region,
    }
    config = cast("S3Config", {name: value for name, value in told.items() if value})
    return S3Store(
        place.bucket,
        prefix=place.prefix,
        config=config,
        client_options={
            "allow_http": urlsplit(place.endpoint).scheme == _PLAIN,
            "timeout": timedelta(seconds=_REQUEST_S),
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_RETRY_S)},
    )


def _code_of(error: Exception) -> str:
    """Give S3's own word for what is wrong, "" where it says none."""
    found = _CODE.search(str(error))
    return found[1] if found else ""


@contextmanager
def _taking(name: str) -> Iterator[None]:
    """Say of what isn't there that the store has lost it: it has just taken it, or a part of it."""
    try:
        yield
    except FileNotFoundError as error:
        if _code_of(error) == _NO_BUCKET:
            raise
        raise ArtifactStoreError(
            f"The artifact store has failed: {name} got lost in it."
        ) from error


def _in_words(error: Exception, place: StorePlace) -> str:
    """Say what is wrong, without the server's addresses and keys."""
    code = _code_of(error)
    kind = type(error).__name__
    if code == _NO_BUCKET:
        return f"The artifact store has no bucket {place.bucket!r}."
    if kind in {"PermissionDeniedError", "UnauthenticatedError"}:
        return f"The artifact store refuses this server's key ({code or 'it may not do this'})."
    if isinstance(error, FileNotFoundError):
        return "The artifact store doesn't have it."
    if isinstance(error, ValueError):
        return f"The key to the artifact store can't be used: {error}"
    if code:
        return f"The artifact store has failed ({code})."
    return "The artifact store can't be reached."
