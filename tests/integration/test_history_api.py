from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tornado.httpclient import HTTPClientError

from codesyncx_server.events.bus import Event

if TYPE_CHECKING:
    from pathlib import Path

    from codesyncx_server.history.recorder import HistoryRecorder

Fetch = Callable[..., Awaitable[Any]]
API = ("codesyncx", "api", "history")


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"codesyncx_server": True}}}


@pytest.fixture
def server(jp_serverapp: Any) -> Any:
    _recorder_of(jp_serverapp)._shortest_pause_s = 0.01
    return jp_serverapp


def _recorder_of(server: Any) -> HistoryRecorder:
    extension = next(iter(server.extension_manager.extension_apps["codesyncx_server"]))
    recorder: HistoryRecorder = extension.history.recorder
    return recorder


def _publish(server: Any, topic: str, **data: Any) -> None:
    server.web_app.settings["codesyncx_bus"].publish(Event(topic, data))


async def _save(server: Any, root: Path, path: str, content: str, *usernames: str) -> None:
    (root / path).write_bytes(content.encode())
    _publish(server, "document.saved", path=path, file_id=None, usernames=list(usernames))
    await _recorder_of(server).settle()


async def _versions(jp_fetch: Fetch, path: str) -> list[dict[str, Any]]:
    response = await jp_fetch(*API, "versions", path)
    versions: list[dict[str, Any]] = json.loads(response.body)["versions"]
    return versions


async def _error_of(call: Awaitable[Any]) -> tuple[int, str]:
    with pytest.raises(HTTPClientError) as caught:
        await call
    assert caught.value.response is not None
    return caught.value.code, json.loads(caught.value.response.body)["code"]


async def test_saves_become_versions_that_can_be_read(
    server: Any, jp_root_dir: Path, jp_fetch: Fetch
) -> None:
    await _save(server, jp_root_dir, "naïve.py", "one\n", "ada")
    await _save(server, jp_root_dir, "naïve.py", "one\nzwei ☕\n", "bo")
    newest, first = await _versions(jp_fetch, "naïve.py")
    assert [person["username"] for person in newest["people"]] == ["bo"]
    assert (newest["added"], newest["removed"]) == (1, 0)
    response = await jp_fetch(*API, "version", str(first["id"]), "naïve.py")
    assert response.body == b"one\n"
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_what_was_there_before_the_first_edit_is_a_version(
    server: Any, jp_root_dir: Path, jp_fetch: Fetch
) -> None:
    (jp_root_dir / "a.py").write_text("before\n")
    _publish(server, "document.edited", path="a.py", file_id=None, username="ada")
    await _recorder_of(server).settle()
    await _save(server, jp_root_dir, "a.py", "after\n", "ada")
    newest, first = await _versions(jp_fetch, "a.py")
    assert (first["people"], first["added"]) == ([], 1)
    assert (newest["added"], newest["removed"]) == (1, 1)


async def test_a_version_belongs_to_its_file_alone(
    server: Any, jp_root_dir: Path, jp_fetch: Fetch
) -> None:
    await _save(server, jp_root_dir, "secret.py", "secret\n", "ada")
    await _save(server, jp_root_dir, "open.py", "open\n", "ada")
    (version,) = await _versions(jp_fetch, "secret.py")
    call = jp_fetch(*API, "version", str(version["id"]), "open.py")
    assert await _error_of(call) == (404, "not_found")


async def test_an_edit_amid_saves_is_not_taken_for_a_change_on_the_disk(
    server: Any, jp_root_dir: Path, jp_fetch: Fetch
) -> None:
    await _save(server, jp_root_dir, "a.py", "one\n", "ada")
    (jp_root_dir / "a.py").write_text("two\n")
    _publish(server, "document.edited", path="a.py", file_id=None, username="ada")
    await _save(server, jp_root_dir, "a.py", "two\n", "bo")
    versions = await _versions(jp_fetch, "a.py")
    assert [[one["username"] for one in version["people"]] for version in versions] == [
        ["bo"],
        ["ada"],
    ]


@pytest.mark.parametrize("path", ["missing.py", ".hidden", "../outside.py"])
async def test_files_out_of_sight_have_no_history(
    jp_root_dir: Path, jp_fetch: Fetch, path: str
) -> None:
    (jp_root_dir / ".hidden").write_text("x")
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(*API, "versions", path)
    assert caught.value.code == 404


async def test_a_version_can_be_named(server: Any, jp_root_dir: Path, jp_fetch: Fetch) -> None:
    await _save(server, jp_root_dir, "a.py", "one\n", "ada")
    (version,) = await _versions(jp_fetch, "a.py")
    route = (*API, "version", str(version["id"]), "a.py")
    await jp_fetch(*route, method="PATCH", body=json.dumps({"label": " Handed in "}))
    assert (await _versions(jp_fetch, "a.py"))[0]["label"] == "Handed in"
    for body in ("{", "[]", json.dumps({"label": 3}), json.dumps({"label": "x" * 101})):
        call = jp_fetch(*route, method="PATCH", body=body)
        assert await _error_of(call) == (400, "invalid_request")


async def test_history_follows_a_rename(server: Any, jp_root_dir: Path, jp_fetch: Fetch) -> None:
    await _save(server, jp_root_dir, "a.py", "one\n", "ada")
    (jp_root_dir / "a.py").rename(jp_root_dir / "b.py")
    _publish(server, "file.renamed", path="b.py", old_path="a.py")
    assert len(await _versions(jp_fetch, "b.py")) == 1


async def test_authors_come_from_the_room(server: Any, jp_root_dir: Path, jp_fetch: Fetch) -> None:
    (jp_root_dir / "a.py").write_text("one\n")
    author = SimpleNamespace(username="ada", name="Ada Lovelace")
    room = SimpleNamespace(
        authors={7: author}, ydoc=SimpleNamespace(get_state=lambda: bytes([1, 7, 9]))
    )
    server.web_app.settings["codesyncx_rooms"] = SimpleNamespace(for_path=lambda _path: room)
    await _save(server, jp_root_dir, "a.py", "two\n", "ada")
    body = json.loads((await jp_fetch(*API, "authors", "a.py")).body)
    assert body["authors"] == {"7": {"username": "ada", "name": "Ada Lovelace"}}
    assert [mark[:2] for mark in body["marks"]] == [[7, 9]]
    assert (await _versions(jp_fetch, "a.py"))[0]["people"][0]["name"] == "Ada Lovelace"


async def test_a_file_that_cannot_be_read_disturbs_nobody(
    server: Any, jp_root_dir: Path, jp_fetch: Fetch
) -> None:
    _publish(server, "document.saved", path="gone.py", file_id=None, usernames=["ada"])
    await _save(server, jp_root_dir, "a.py", "one\n", "ada")
    assert len(await _versions(jp_fetch, "a.py")) == 1
