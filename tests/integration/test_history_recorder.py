from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from codesyncx_server.errors import StorageError
from codesyncx_server.events.bus import Event, InProcessBus
from codesyncx_server.history.recorder import HistoryRecorder
from codesyncx_server.history.store import HistoryStore
from codesyncx_server.history.versions import DocumentRef

if TYPE_CHECKING:
    from pathlib import Path

REF = DocumentRef("a.py")


def _recorder(tmp_path: Path, bus: InProcessBus, pause_s: float) -> HistoryRecorder:
    root = tmp_path / "project"
    root.mkdir(exist_ok=True)
    settings = {"contents_manager": AsyncLargeFileManager(root_dir=str(root))}
    recorder = HistoryRecorder(tmp_path / "history.sqlite", settings, shortest_pause_s=pause_s)
    recorder.listen(bus)
    return recorder


def _save(tmp_path: Path, bus: InProcessBus, content: str, *usernames: str) -> None:
    (tmp_path / "project" / "a.py").write_text(content)
    bus.publish(Event("document.saved", {"path": "a.py", "usernames": list(usernames)}))


async def test_saves_that_wait_are_kept_when_the_server_stops(tmp_path: Path) -> None:
    bus = InProcessBus()
    recorder = _recorder(tmp_path, bus, pause_s=60)
    _save(tmp_path, bus, "one\n", "ada")
    while not await recorder.call(lambda store: store.versions(REF)):
        pass
    _save(tmp_path, bus, "two\n", "bo")
    _save(tmp_path, bus, "three\n", "cy")
    started = time.monotonic()
    await recorder.close()
    assert time.monotonic() - started < 10
    store = HistoryStore(tmp_path / "history.sqlite")
    newest, first = store.versions(REF)
    assert [person.username for person in newest.people] == ["bo", "cy"]
    assert store.read(newest.version_id)[2] == b"three\n"
    assert [person.username for person in first.people] == ["ada"]
    store.close()


async def test_a_history_that_cannot_be_opened_stops_nothing_else(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "history.sqlite")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    bus = InProcessBus()
    recorder = _recorder(tmp_path, bus, pause_s=0)
    _save(tmp_path, bus, "one\n", "ada")
    await recorder.settle()
    with pytest.raises(StorageError, match="newer"):
        await recorder.call(lambda store: store.versions(REF))
    await recorder.close()


async def test_after_closing_nothing_is_heard(tmp_path: Path) -> None:
    bus = InProcessBus()
    recorder = _recorder(tmp_path, bus, pause_s=0)
    await recorder.close()
    _save(tmp_path, bus, "one\n", "ada")
    assert not recorder._tasks
