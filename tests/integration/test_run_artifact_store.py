"""What runs have made in a bucket of S3: moved there, tried again, loaded by who may watch."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import House, server_config
from support.runs import RUNS, start, watch
from support.s3 import BUCKET, S3Server

from codesyncx_server.run import artifact_copies
from codesyncx_server.storage import project_data_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE_S = 60
MAKE = (
    "mkdir -p out; head -c 20000000 /dev/urandom > 'out/größe 1.bin'; echo '<script>' > page.html"
)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Server]:
    """Give a server that hasn't begun yet."""
    server = S3Server(tmp_path / "s3")
    yield server
    server.kill()


@pytest.fixture
def jp_server_config(
    tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setattr(artifact_copies, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(artifact_copies, "LONGEST_PAUSE_S", 0.5)
    config = server_config(tmp_path)
    config["CodeSyncXApp"] |= {
        "artifacts_url": f"s3://{BUCKET}",
        "artifacts_endpoint": s3.endpoint,
        "artifacts_region": "us-east-1",
        "artifacts_credentials_file": str(s3.key_file(tmp_path / "keys")),
    }
    return config


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 (another process does it)
            await asyncio.sleep(0.05)


def load(url: str) -> tuple[bytes, str]:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own
        return answer.read(), answer.headers.get("Content-Disposition", "")


def local(house: House, run: dict[str, Any]) -> Path:
    return project_data_dir(house.root) / "runs" / "artifacts" / str(run["id"])


def stored(s3: S3Server, run: dict[str, Any]) -> list[str]:
    folders = list((s3.folder / BUCKET).glob(f"*/runs/{run['id']}"))
    return sorted(
        str(file.relative_to(folder))
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file()
    )


async def note_of(house: House, run: dict[str, Any]) -> str:
    answer = await house.fetch("ada", "GET", f"{RUNS}/{run['id']}")
    return str(json.loads(answer.body)["artifacts_note"])


async def noted(house: House, run: dict[str, Any]) -> str:
    async with asyncio.timeout(PATIENCE_S):
        while not (note := await note_of(house, run)):  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.05)
    return note


async def test_files_go_to_the_bucket_and_come_back_by_link_and_through_the_server(
    house: House, s3: S3Server
) -> None:
    s3.start()
    _, run = await start(house, "ada", command=MAKE)
    ended, _ = await watch(house, "ada", run["id"])
    assert [one["path"] for one in ended["artifacts"]] == ["out/größe 1.bin", "page.html"]
    await until(lambda: not local(house, run).exists())
    assert stored(s3, run) == ["out/größe 1.bin", "page.html"]
    assert await note_of(house, run) == ""
    address = f"{RUNS}/{run['id']}/artifacts"
    # Opened or kept, it comes through the server, and never as a page of it.
    answer = await house.fetch("ada", "GET", f"{address}/page.html")
    assert (answer.code, answer.body) == (200, b"<script>\n")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    whole = await house.fetch("ada", "GET", f"{address}/out/gr%C3%B6%C3%9Fe%201.bin")
    # Downloaded, it comes from the bucket, for a short while and that file alone.
    answer = await house.fetch("ada", "GET", f"{address}/out/gr%C3%B6%C3%9Fe%201.bin?download=1")
    assert (answer.code, answer.headers["Cache-Control"]) == (302, "no-store")
    content, placing = await asyncio.to_thread(load, answer.headers["Location"])
    assert len(content) == 20_000_000
    assert content == whole.body
    assert placing == "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%201.bin"
    with pytest.raises(urllib.error.HTTPError, match=r"40[03]"):
        await asyncio.to_thread(load, answer.headers["Location"].replace(".bin", ".bim"))
    for path in ("page.html", "page.html?download=1"):
        assert (await house.fetch("viewer", "GET", f"{address}/{path}")).code == 404
        assert (await house.fetch("stranger", "GET", f"{address}/{path}")).code in {403, 404}
    assert (await house.fetch("ada", "GET", f"{address}/other?download=1")).code == 404


async def test_a_store_that_refuses_costs_nothing_and_is_tried_again(
    house: House, s3: S3Server, tmp_path: Path
) -> None:
    s3.key_file(tmp_path / "keys", "wrong")
    s3.start()
    _, run = await start(house, "ada", command="echo mine > mine.txt")
    ended, _ = await watch(house, "ada", run["id"])
    assert ended["state"] == "succeeded"
    note = await noted(house, run)
    assert note.startswith("The artifact store refuses this server's key")
    assert note.endswith("kept on this server, and storing them is tried again.")
    answer = await house.fetch("ada", "GET", f"{RUNS}/{run['id']}/artifacts/mine.txt?download=1")
    assert (answer.code, answer.body) == (200, b"mine\n")
    s3.key_file(tmp_path / "keys")
    await until(lambda: not local(house, run).exists())
    assert stored(s3, run) == ["mine.txt"]
    assert await note_of(house, run) == ""


async def test_a_store_that_is_gone_in_the_middle_of_a_file_has_all_of_it_later(
    house: House, s3: S3Server
) -> None:
    s3.start()
    s3.freeze()  # it takes the connection, and a part of what is sent
    _, run = await start(house, "ada", command=MAKE)
    ended, _ = await watch(house, "ada", run["id"])
    assert ended["state"] == "succeeded"
    await asyncio.sleep(0.5)
    s3.kill()
    note = await noted(house, run)
    assert note.startswith("The artifact store can't be reached.")
    answer = await house.fetch("ada", "GET", f"{RUNS}/{run['id']}/artifacts/page.html")
    assert answer.body == b"<script>\n"
    assert stored(s3, run) == []
    s3.start()
    await until(lambda: not local(house, run).exists())
    assert stored(s3, run) == ["out/größe 1.bin", "page.html"]


async def test_a_file_of_five_gigabytes_is_refused_with_the_reason(
    house: House, s3: S3Server
) -> None:
    s3.start()
    _, run = await start(house, "ada", command="truncate -s 5G huge.bin; echo small > small.txt")
    ended, _ = await watch(house, "ada", run["id"])
    assert [one["path"] for one in ended["artifacts"]] == ["small.txt"]
    assert ended["kept_back"] == [
        {"path": "huge.bin", "why": "it is 5.37 GB, and a run's artifacts are 100 MB at most."}
    ]
    await until(lambda: stored(s3, run) == ["small.txt"])


async def test_what_is_too_old_is_forgotten_here_and_there(
    house: House, s3: S3Server, tmp_path: Path
) -> None:
    from codesyncx_spawner.limits import Limits  # noqa: PLC0415
    from codesyncx_spawner.run import Artifact, Run  # noqa: PLC0415
    from codesyncx_spawner.run_file import RunConfiguration  # noqa: PLC0415
    from codesyncx_spawner.states import State  # noqa: PLC0415

    from codesyncx_server.access.model import Person  # noqa: PLC0415
    from codesyncx_server.artifacts import ArtifactStore, StorePlace  # noqa: PLC0415

    del house
    s3.start()
    place = StorePlace(f"s3://{BUCKET}", "old", s3.endpoint, "us-east-1", str(tmp_path / "keys"))
    now = time.time()
    run = Run(
        "ab12",
        Person("ada"),
        "",
        RunConfiguration("", ("true",), limits=Limits()),
        now,
        State.SUCCEEDED,
        ended_at=now,
        artifacts=(Artifact("a.txt", 2),),
    )
    folder = tmp_path / "runs"
    (folder / "artifacts" / "ab12").mkdir(parents=True)
    (folder / "artifacts" / "ab12" / "a.txt").write_text("a\n")
    passed_s = 0.0
    copies = artifact_copies.ArtifactCopies(
        ArtifactStore(place), folder, days=7, clock=lambda: now + passed_s
    )
    copies.start(lambda: [run])
    try:
        await until(lambda: stored(s3, {"id": "ab12"}) == ["a.txt"])
        passed_s = 8 * 24 * 3600.0
        await until(lambda: stored(s3, {"id": "ab12"}) == [])
    finally:
        await copies.stop()
