from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from codesyncx_server.errors import StorageError
from codesyncx_server.events.bus import Event, InProcessBus
from codesyncx_server.project.journal import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def opened(path: Path, **options: Any) -> AsyncIterator[tuple[Journal, InProcessBus]]:
    bus = InProcessBus()
    journal = Journal(bus, lambda: path, **options)
    await journal.start()
    try:
        yield journal, bus
    finally:
        await journal.stop()


def created(path: str) -> Event:
    return Event("file.created", {"path": path, "username": "ada", "name": "Ada", "time": 1.0})


async def paths(journal: Journal) -> list[str]:
    page = await journal.page("bob", None, 200)
    return [entry["path"] for entry in page["entries"]]


async def test_what_happened_is_still_known_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.sqlite") as (journal, bus):
        bus.publish(created("a"))
        bus.publish(created("b"))
        await journal.mark_seen("bob", 1)
    async with opened(tmp_path / "a.sqlite") as (journal, bus):
        bus.publish(created("c"))
        page = await journal.page("bob", None, 10)
    assert [entry["path"] for entry in page["entries"]] == ["c", "b", "a"]
    assert (page["seen"], page["unseen"]) == (1, 2)


async def test_only_so_many_entries_are_kept(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.sqlite", most_entries=10) as (journal, bus):
        for number in range(25):
            bus.publish(created(f"{number}"))
            await journal.page("bob", None, 1)
        kept = await paths(journal)
    assert kept[0] == "24"
    assert len(kept) <= 20


async def test_what_is_recorded_is_told_in_one_event(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.sqlite") as (journal, bus):
        told: list[Event] = []
        bus.subscribe("activity.recorded", told.append)
        bus.publish(created("a"))
        bus.publish(created("b"))
        await paths(journal)
    assert [[entry["path"] for entry in event.data["entries"]] for event in told] == [["a", "b"]]


async def test_who_edits_is_called_by_name(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.sqlite") as (journal, bus):
        journal.note_name("ada", "Ada Lovelace")
        bus.publish(Event("document.edited", {"path": "a", "username": "ada"}))
        page = await journal.page("bob", None, 1)
    assert page["entries"][0]["name"] == "Ada Lovelace"


async def test_a_damaged_journal_is_put_aside_and_begins_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"this is no database, and long enough to be taken for one" * 50)
    async with opened(path) as (journal, bus):
        bus.publish(created("a"))
        assert await paths(journal) == ["a"]
    assert "begins anew; see" in caplog.text


async def test_without_a_journal_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path / "missing" / "a.sqlite") as (journal, bus):
        bus.publish(created("a"))
        with pytest.raises(StorageError, match="can't be used"):
            await journal.page("bob", None, 1)
    assert "nothing is kept" in caplog.text


async def test_a_full_disk_loses_entries_but_not_the_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path / "a.sqlite") as (journal, bus):

        def full(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(journal, "_write", full)
            bus.publish(created("a"))
            assert await paths(journal) == []
        assert "disk is full" in caplog.text
        bus.publish(created("b"))
        assert await paths(journal) == ["b"]
