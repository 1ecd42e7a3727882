"""The artifact store against a real server that speaks S3."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from support.s3 import BUCKET, KEY, SECRET, S3Server
from support.small_disk import small_disk

from codesyncx_server.artifacts import ArtifactStore, StorePlace
from codesyncx_server.errors import ArtifactStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio

KIND = "video/mp4"


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Server]:
    with S3Server(tmp_path / "s3") as server:
        yield server


def place(
    s3: S3Server, keys: Path, url: str = f"s3://{BUCKET}/all", secret: str = SECRET
) -> StorePlace:
    return StorePlace(
        url,
        "0123",
        endpoint=s3.endpoint,
        region="us-east-1",
        credentials_file=str(s3.key_file(keys, secret)),
    )


@pytest.fixture
def store(s3: S3Server, tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(place(s3, tmp_path / "keys"))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Give a film that is sent in several parts."""
    path = tmp_path / "a film.mp4"
    path.write_bytes(bytes(range(256)) * 100_000)
    return path


def load(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own
        content: bytes = answer.read()
        return content


async def test_what_is_stored_is_loaded_by_a_link_and_forgotten(
    s3: S3Server, store: ArtifactStore, film: Path
) -> None:
    await store.keep("recordings/a film.mp4", film, KIND)
    assert (s3.folder / BUCKET / "all" / "0123" / "recordings" / film.name).exists()
    link = await store.link("recordings/a film.mp4")
    assert SECRET not in link
    assert await asyncio.to_thread(load, link) == await asyncio.to_thread(film.read_bytes)
    assert await store.forget_older("recordings", days=1) == []
    assert await store.forget("recordings") == ["recordings/a film.mp4"]
    assert s3.stored == []


async def test_a_link_that_was_changed_is_refused(store: ArtifactStore, film: Path) -> None:
    for key in ("recordings/a.mp4", "recordings/b.mp4"):
        await store.keep(key, film, KIND)
    link = await store.link("recordings/a.mp4")
    for changed in (
        link.replace("a.mp4", "b.mp4"),
        link.replace("X-Amz-Expires=300", "X-Amz-Expires=86400"),
        link.split("?", maxsplit=1)[0],
    ):
        with pytest.raises(urllib.error.HTTPError, match=r"40[03]"):
            await asyncio.to_thread(load, changed)


async def test_what_is_wrong_is_said_in_words_and_without_the_secret(
    s3: S3Server, tmp_path: Path, film: Path
) -> None:
    wrong = ArtifactStore(place(s3, tmp_path / "wrong", secret="not-the-secret"))
    with pytest.raises(ArtifactStoreError, match=r"refuses this server's key") as caught:
        await wrong.keep("a.mp4", film, KIND)
    assert "not-the-secret" not in str(caught.value)
    elsewhere = ArtifactStore(place(s3, tmp_path / "keys", url="s3://elsewhere"))
    with pytest.raises(ArtifactStoreError, match="has no bucket 'elsewhere'"):
        await elsewhere.keep("a.mp4", film, KIND)
    s3.kill()
    gone = ArtifactStore(place(s3, tmp_path / "keys"))
    with pytest.raises(ArtifactStoreError, match="can't be reached"):
        await gone.keep("a.mp4", film, KIND)


async def test_a_store_that_goes_away_amid_it_has_nothing_and_takes_it_later(
    s3: S3Server, store: ArtifactStore, film: Path
) -> None:
    s3.freeze()
    keeping = asyncio.create_task(store.keep("recordings/a.mp4", film, KIND))
    await asyncio.wait([keeping], timeout=1)
    s3.kill()
    with pytest.raises(ArtifactStoreError, match="can't be reached"):
        await keeping
    assert s3.stored == []
    await asyncio.to_thread(s3.start)
    await store.keep("recordings/a.mp4", film, KIND)
    assert s3.stored == ["recordings/a.mp4"]


async def test_a_key_that_was_changed_in_its_file_counts_at_once(
    s3: S3Server, tmp_path: Path, film: Path
) -> None:
    store = ArtifactStore(place(s3, tmp_path / "keys", secret="an-old-one"))
    with pytest.raises(ArtifactStoreError):
        await store.keep("a.mp4", film, KIND)
    s3.key_file(tmp_path / "keys")
    await store.keep("a.mp4", film, KIND)
    (tmp_path / "keys").write_text("nonsense")
    with pytest.raises(ArtifactStoreError, match="has to say aws_access_key_id"):
        await store.keep("a.mp4", film, KIND)


async def test_the_key_may_be_in_the_environment(
    s3: S3Server, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    store = ArtifactStore(StorePlace(f"s3://{BUCKET}", "0123", endpoint=s3.endpoint))
    await store.keep("recordings/a.mp4", film, KIND)
    assert s3.stored == ["recordings/a.mp4"]


async def test_a_store_without_room_says_that_it_failed(tmp_path: Path, film: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 4000) as disk,
        S3Server(disk.folder) as s3,
    ):
        store = ArtifactStore(place(s3, tmp_path / "keys"))
        with pytest.raises(ArtifactStoreError, match="has failed"):
            await store.keep("recordings/a.mp4", film, KIND)


async def test_a_link_in_the_project_leads_nowhere(store: ArtifactStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not of the project")
    (tmp_path / "link.mp4").symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        await store.keep("recordings/link.mp4", tmp_path / "link.mp4", KIND)


@pytest.mark.parametrize(
    "url", ["", "bucket", "https://films", "s3://", "s3://key:secret@films", "s3://films?x=y"]
)
async def test_what_is_no_place_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        StorePlace(url, "0123")
