"""Finished recordings in an artifact store: copied, tried again, loaded by who may read them."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import PERSON, House, server_config
from support.s3 import BUCKET, S3Server
from traitlets import TraitError

from codesyncx_server.access.model import NO_ACCESS
from codesyncx_server.app import CodeSyncXApp
from codesyncx_server.artifacts import ArtifactStore, StorePlace
from codesyncx_server.calls import recording_copies
from codesyncx_server.events.bus import InProcessBus
from codesyncx_server.storage import project_data_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FIRST, SECOND = "2026-11-28 18.00.00.mp4", "2026-11-29 18.00.00 (2).mp4"
ROUTE = "/codesyncx/api/calls/recordings"
FILM = bytes(range(256)) * 1000
PATIENCE_S = 40
DAY_S = 24 * 3600.0


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Server]:
    """Give a server that hasn't begun yet."""
    server = S3Server(tmp_path / "s3")
    yield server
    server.kill()


@pytest.fixture
def jp_server_config(
    tmp_path: Path, jp_root_dir: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setattr(recording_copies, "LOOK_EVERY_S", 0.1)
    folder = jp_root_dir / "Recordings"
    folder.mkdir()
    (folder / "holidays.mp4").write_bytes(b"somebody's own")
    (folder / "2026-11-29 19.00.00.mp4").symlink_to("/etc/hostname")
    config = server_config(tmp_path)
    config["CodeSyncXApp"] |= {
        "artifacts_url": f"s3://{BUCKET}",
        "artifacts_endpoint": s3.endpoint,
        "artifacts_region": "us-east-1",
        "artifacts_credentials_file": str(s3.key_file(tmp_path / "keys", "wrong")),
    }
    return config


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 (another process does it)
            await asyncio.sleep(0.05)


def load(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own
        content: bytes = answer.read()
        return content


async def test_a_recording_is_stored_when_the_store_takes_it_and_loaded_by_who_may(
    house: House, s3: S3Server, tmp_path: Path
) -> None:
    events = await house.connect("ada", "/codesyncx/api/events")

    async def hear(kind: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message: dict[str, Any] = json.loads(await events.read_message() or "{}")
                if message.get("type") == kind:
                    return message

    for name in (FIRST, SECOND):
        (house.root / "Recordings" / name).write_bytes(FILM)
    # The store is away, then it refuses the key: both is said once, and nothing is lost.
    told = await hear("recording.not_stored")
    assert told["path"] == f"Recordings/{FIRST}"
    assert told["reason"] == "The artifact store can't be reached."
    s3.start()
    await asyncio.sleep(0.5)
    assert s3.stored == []
    assert (await house.fetch("ada", "GET", f"{ROUTE}/{FIRST.replace(' ', '%20')}")).code == 404
    s3.key_file(tmp_path / "keys")
    assert (await hear("recording.stored"))["path"] == f"Recordings/{FIRST}"
    await until(lambda: len(s3.stored) == 2)
    # Nobody's own films go there, nor what a link leads to.
    assert s3.stored == [f"recordings/{FIRST}", f"recordings/{SECOND}"]
    assert (house.root / "Recordings" / FIRST).read_bytes() == FILM

    address = f"{ROUTE}/{FIRST.replace(' ', '%20')}"
    answer = await house.fetch("ada", "GET", address)
    assert answer.code == 302
    assert answer.headers["Cache-Control"] == "no-store"
    link = answer.headers["Location"]
    assert await asyncio.to_thread(load, link) == FILM
    with pytest.raises(urllib.error.HTTPError, match=r"40[03]"):
        await asyncio.to_thread(load, link.replace("11-28", "11-29"))
    # As with the file in the project.
    house.know("linus", **{PERSON: "linus"})
    await house.grant("linus", "viewer", "")
    assert (await house.fetch("linus", "GET", address)).code == 302
    await house.grant("linus", NO_ACCESS, "Recordings")
    for person in ("linus", "viewer", "anonymous"):
        assert (await house.fetch(person, "GET", address)).code == 403


async def films(house: House, person: str) -> dict[str, dict[str, Any]]:
    answer = await house.fetch(person, "GET", ROUTE)
    assert answer.code == 200
    return {film.pop("name"): film for film in json.loads(answer.body)["recordings"]}


async def test_what_is_in_the_project_or_only_in_the_store_is_listed_and_deleted_by_who_may(
    house: House, s3: S3Server, tmp_path: Path
) -> None:
    s3.start()
    s3.key_file(tmp_path / "keys")
    for name in (FIRST, SECOND):
        (house.root / "Recordings" / name).write_bytes(FILM)
    await until(lambda: len(s3.stored) == 2)
    ledger = project_data_dir(house.root) / "recordings-stored.json"
    await until(lambda: ledger.exists() and len(json.loads(ledger.read_text())) == 2)
    (house.root / "Recordings" / FIRST).unlink()

    house.know("linus", **{PERSON: "linus"})
    await house.grant("linus", "viewer", "")
    listed = await films(house, "linus")
    assert list(listed) == [SECOND, FIRST], "the newest first, and nothing of anybody's own"
    assert listed[FIRST] == {
        "path": f"Recordings/{FIRST}",
        "size": len(FILM),
        "duration_s": None,
        "recorded_by": "",
        "is_in_project": False,
        "is_stored": True,
        "may_delete": False,
    }
    assert listed[SECOND]["is_in_project"]
    first, second = (f"{ROUTE}/{name.replace(' ', '%20')}" for name in (FIRST, SECOND))
    for person in ("linus", "viewer", "anonymous"):
        assert (await house.fetch(person, "DELETE", second)).code == 403
    await house.grant("linus", NO_ACCESS, "Recordings")
    for person in ("linus", "viewer", "anonymous"):
        assert (await house.fetch(person, "GET", ROUTE)).code == 403
    assert len(s3.stored) == 2

    assert (await films(house, "ada"))[FIRST]["may_delete"]
    # While the store is away nothing is deleted by half.
    s3.kill()
    assert (await house.fetch("ada", "DELETE", second)).code == 503
    assert set(await films(house, "ada")) == {FIRST, SECOND}
    s3.start()
    for address in (first, second):
        assert (await house.fetch("ada", "DELETE", address)).code == 204
        assert (await house.fetch("ada", "DELETE", address)).code == 404
    assert await films(house, "ada") == {}
    assert s3.stored == []
    assert not (house.root / "Recordings" / SECOND).exists()
    assert (house.root / "Recordings" / "holidays.mp4").exists()
    holidays = await house.fetch("ada", "DELETE", f"{ROUTE}/holidays.mp4")
    assert holidays.code == 404


@pytest.mark.asyncio
async def test_each_day_what_is_too_old_is_forgotten_and_not_stored_again(
    s3: S3Server, tmp_path: Path
) -> None:
    s3.start()
    place = StorePlace(
        f"s3://{BUCKET}",
        "0123",
        endpoint=s3.endpoint,
        region="us-east-1",
        credentials_file=str(s3.key_file(tmp_path / "keys")),
    )
    folder, now = tmp_path / "films", 1000.0
    folder.mkdir()
    copies = recording_copies.RecordingCopies(
        ArtifactStore(place),
        folder,
        "Recordings",
        tmp_path / "ledger.json",
        InProcessBus(),
        days=7,
        clock=lambda: now,
    )
    for name in (FIRST, SECOND):
        (folder / name).write_bytes(FILM)
    await copies._look()
    assert set(copies.stored) == {FIRST, SECOND}
    week_ago = time.time() - 8 * DAY_S
    for kept in (s3.folder / BUCKET).rglob("*.mp4"):
        os.utime(kept, (week_ago, week_ago))
    s3.kill()
    s3.start()  # it remembers times
    (folder / FIRST).unlink()
    now += DAY_S - 1
    await copies._look()
    assert len(s3.stored) == 2, "it is looked for once a day"
    now += 1
    await copies._look()
    assert s3.stored == []
    assert copies.stored == {}
    now += DAY_S
    await copies._look()
    assert s3.stored == [], "what the project still has isn't stored a second time"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("artifacts_url", "https://films", "s3://bucket/prefix"),
        ("artifacts_endpoint", "s3.example.org", "https://s3.example.org"),
        ("artifacts_credentials_file", "/nowhere", "can't be read"),
    ],
)
def test_settings_that_are_none_stop_the_server(
    jp_serverapp: Any, name: str, value: str, words: str
) -> None:
    app = CodeSyncXApp(parent=jp_serverapp, **{name: value})
    app.serverapp = jp_serverapp
    with pytest.raises(TraitError, match=words):
        app._artifacts()
