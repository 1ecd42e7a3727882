from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from support.identity import PERSON, NamedInHeader
from tornado.httpclient import HTTPClientError

from codesyncx_server.events.bus import Event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from pathlib import Path

    from jupyter_server.serverapp import ServerApp

Fetch = Callable[..., Any]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "CodeSyncXApp": {"default_role": "editor"},
        "ServerApp": {
            "jpserver_extensions": {"codesyncx_server": True, "jupyter_server_fileid": True},
            "identity_provider_class": NamedInHeader,
            "disable_check_xsrf": True,
        },
        "FileContentsManager": {"delete_to_trash": False},
    }


class Listener:
    """What the bus said of files."""

    def __init__(self, server: ServerApp) -> None:
        self.events: list[Event] = []
        server.web_app.settings["codesyncx_bus"].subscribe("file", self.events.append)

    def told(self) -> list[str]:
        return [
            " ".join(
                filter(
                    None,
                    (
                        str(event.data["username"]),
                        event.topic.removeprefix("file."),
                        event.data.get("old_path"),
                        event.data["path"],
                    ),
                )
            )
            for event in self.events
        ]

    async def hears(self, *expected: str) -> None:
        """Wait for these, then make sure that nothing else follows."""
        await until(lambda: len(self.told()) >= len(expected), self.told)
        await asyncio.sleep(0.6)
        assert sorted(self.told()) == sorted(expected)
        self.events.clear()


async def until(is_so: Callable[[], Any], show: Callable[[], Any] | None = None) -> None:
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline, show() if show else "too late"
        await asyncio.sleep(0.02)


@pytest.fixture
def listener(
    jp_serverapp: ServerApp, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Listener]:
    (app,) = jp_serverapp.extension_manager.extension_apps["codesyncx_server"]
    project = app.project

    async def begin() -> None:
        if project.tracker is None:
            await app._start_jupyter_server_extension(jp_serverapp)
        await until(lambda: project.tracker.is_watching)

    jp_asyncio_loop.run_until_complete(begin())
    yield Listener(jp_serverapp)
    jp_asyncio_loop.run_until_complete(project.stop())


def as_person(fetch: Fetch, username: str) -> Callable[..., Awaitable[Any]]:
    async def ask(method: str, *parts: str, body: Any = None) -> Any:
        response = await fetch(
            *parts,
            method=method,
            headers={PERSON: username},
            body=json.dumps(body) if body is not None else None,
            allow_nonstandard_methods=True,
        )
        return json.loads(response.body) if response.body else None

    return ask


TEXT = {"type": "file", "format": "text", "content": "x = 1\n"}


async def test_what_people_do_carries_their_name(jp_fetch: Fetch, listener: Listener) -> None:
    ada, bob = as_person(jp_fetch, "ada"), as_person(jp_fetch, "bob")
    contents = ("api", "contents")
    await ada("PUT", *contents, "a.py", body=TEXT)
    await listener.hears("ada created a.py")
    await bob("PUT", *contents, "a.py", body={**TEXT, "content": "x = 2\n"})
    await listener.hears("bob changed a.py")
    await bob("PATCH", *contents, "a.py", body={"path": "b.py"})
    await listener.hears("bob renamed a.py b.py")
    await ada("POST", *contents, "", body={"copy_from": "b.py"})
    await listener.hears("ada created b-Copy1.py")
    await ada("POST", *contents, "", body={"type": "directory"})
    await listener.hears("ada created Untitled Folder")
    await ada("PATCH", *contents, "b.py", body={"path": "Untitled Folder/b.py"})
    await listener.hears("ada renamed b.py Untitled Folder/b.py")
    await bob("PATCH", *contents, "Untitled Folder", body={"path": "src"})
    await listener.hears("bob renamed Untitled Folder src")
    await bob("DELETE", *contents, "src", "b.py")
    await ada("DELETE", *contents, "src")
    await listener.hears("bob deleted src/b.py", "ada deleted src")


async def test_what_git_and_shells_do_is_told_within_a_second(
    listener: Listener, jp_root_dir: Path
) -> None:
    began = time.monotonic()
    (jp_root_dir / "a.py").write_text("1")
    await until(listener.told)
    assert time.monotonic() - began < 1
    await listener.hears("None created a.py")
    (jp_root_dir / "a.py").write_text("12")
    await listener.hears("None changed a.py")
    (jp_root_dir / "src" / "deep").mkdir(parents=True)
    (jp_root_dir / "src" / "deep" / "c.py").write_text("1")
    await listener.hears("None created src")
    (jp_root_dir / "src" / "deep" / "c.py").write_text("1234")
    await listener.hears("None changed src/deep/c.py")
    (jp_root_dir / "a.py").rename(jp_root_dir / "src" / "a.py")
    await listener.hears("None renamed a.py src/a.py")
    (jp_root_dir / "src").rename(jp_root_dir / "lib")
    await listener.hears("None renamed src lib")
    (jp_root_dir / "lib" / "deep" / "d.py").write_text("1")
    await listener.hears("None created lib/deep/d.py")
    shutil.rmtree(jp_root_dir / "lib")
    await listener.hears("None deleted lib")


async def test_what_is_gone_before_anybody_looked_is_told(
    jp_fetch: Fetch, listener: Listener, jp_root_dir: Path
) -> None:
    ada = as_person(jp_fetch, "ada")
    (jp_root_dir / "a.py").write_text("1")
    await listener.hears("None created a.py")
    await ada("PATCH", "api", "contents", "a.py", body={"path": "b.py"})
    (jp_root_dir / "b.py").unlink()
    await listener.hears("ada renamed a.py b.py", "None deleted b.py")


async def test_nobody_hears_of_what_is_ignored(listener: Listener, jp_root_dir: Path) -> None:
    for folder in (".git", "node_modules", "__pycache__", ".ipynb_checkpoints"):
        (jp_root_dir / folder).mkdir()
        (jp_root_dir / folder / "x").write_text("1")
    (jp_root_dir / ".~a.py").write_text("1")
    (jp_root_dir / ".hidden").write_text("1")
    (jp_root_dir / "loop").symlink_to(jp_root_dir)
    (jp_root_dir / "seen.py").write_text("1")
    await listener.hears("None created loop", "None created seen.py")


async def test_a_room_that_saves_is_silent_and_a_change_after_it_is_not(
    jp_serverapp: ServerApp, listener: Listener, jp_root_dir: Path
) -> None:
    path = jp_root_dir / "a.py"
    path.write_text("1")
    await listener.hears("None created a.py")
    path.write_text("12")
    jp_serverapp.web_app.settings["codesyncx_bus"].publish(
        Event("document.saved", {"path": "a.py"})
    )
    await listener.hears()
    path.write_text("123")
    await listener.hears("None changed a.py")


async def test_file_ids_follow_moves_from_outside_and_of_folders(
    jp_serverapp: ServerApp, jp_fetch: Fetch, listener: Listener, jp_root_dir: Path
) -> None:
    ids = jp_serverapp.web_app.settings["file_id_manager"]
    (jp_root_dir / "src").mkdir()
    (jp_root_dir / "src" / "a.py").write_text("1")
    await listener.hears("None created src")
    file_id = ids.index("src/a.py")
    (jp_root_dir / "src" / "a.py").rename(jp_root_dir / "src" / "b.py")
    await listener.hears("None renamed src/a.py src/b.py")
    assert ids.get_path(file_id) == "src/b.py"
    (jp_root_dir / "src").rename(jp_root_dir / "lib")
    await listener.hears("None renamed src lib")
    assert ids.get_path(file_id) == "lib/b.py"
    await as_person(jp_fetch, "ada")("PATCH", "api", "contents", "lib", body={"path": "pkg"})
    await listener.hears("ada renamed lib pkg")
    assert ids.get_path(file_id) == "pkg/b.py"


async def test_the_journal_says_what_happened_since_one_was_last_here(
    jp_fetch: Fetch, listener: Listener, jp_serverapp: ServerApp
) -> None:
    ada, bob = as_person(jp_fetch, "ada"), as_person(jp_fetch, "bob")
    activity = ("codesyncx", "api", "activity")
    await ada("PUT", "api", "contents", "a.py", body=TEXT)
    await bob("PATCH", "api", "contents", "a.py", body={"path": "b.py"})
    await listener.hears("ada created a.py", "bob renamed a.py b.py")
    bus = jp_serverapp.web_app.settings["codesyncx_bus"]
    for _ in range(3):
        bus.publish(Event("document.edited", {"path": "b.py", "username": "bob", "name": "Bob"}))

    page = await ada("GET", *activity)
    assert [(each["type"], each["username"]) for each in page["entries"]] == [
        ("document.edited", "bob"),
        ("file.renamed", "bob"),
        ("file.created", "ada"),
    ]
    assert page["entries"][0]["count"] == 3
    assert (page["has_more"], page["seen"], page["unseen"]) == (False, 0, 2)
    newest = page["entries"][0]["id"]
    assert await ada("PUT", *activity, "seen", body={"seen": newest}) == {
        "seen": newest,
        "unseen": 0,
    }
    assert await ada("PUT", *activity, "seen", body={"seen": 1}) == {"seen": newest, "unseen": 0}
    assert await bob("GET", *activity, "seen") == {"seen": 0, "unseen": 1}
    response = await jp_fetch(*activity, params={"before": newest, "limit": 1})
    older = json.loads(response.body)
    assert [each["type"] for each in older["entries"]] == ["file.renamed"]
    assert older["has_more"]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"seen": -1}', '{"seen": true}', "x" * 2000])
async def test_a_mark_that_is_none_is_refused(jp_fetch: Fetch, body: str) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("codesyncx", "api", "activity", "seen", method="PUT", body=body)
    assert refused.value.code in (400, 413)
    assert "code" in json.loads(refused.value.response.body)
