from __future__ import annotations

import asyncio
import logging
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest

from codesyncx_server.events.bus import Event, InProcessBus
from codesyncx_server.project import watcher
from codesyncx_server.project.scan import Ignore, Scanner
from codesyncx_server.project.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MANY = 10_000


async def until(is_so: Callable[[], Any], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "too late"
        await asyncio.sleep(0.01)


class Project:
    """A tracker over a folder, and what it says."""

    def __init__(self, root: Path, mode: watcher.Mode) -> None:
        self.root = root
        bus = InProcessBus()
        self.events: list[Event] = []
        bus.subscribe("file", self.events.append)
        manager = SimpleNamespace(root_dir=str(root), allow_hidden=False)
        self.tracker = Tracker(bus, manager, {}, mode)

    async def __aenter__(self) -> Self:
        self.tracker.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.tracker.stop()

    def told(self) -> list[str]:
        return [f"{event.topic} {event.data['path']}" for event in self.events]


def in_folders(root: Path, text: str, count: int = MANY) -> None:
    for number in range(count):
        path = root / f"d{number // 100:03}" / f"f{number:05}.txt"
        if number % 100 == 0:
            path.parent.mkdir(exist_ok=True)
        path.write_text(text)


class Lag:
    """How long the event loop stood still at the worst."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._measure())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _measure(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            self.worst_s = max(self.worst_s, time.monotonic() - began - 0.005)


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "POLL_INTERVAL_S", 0.1)


@pytest.mark.usefixtures("quick_polls")
async def test_where_the_system_cant_notify_the_watcher_looks_by_itself(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: Any, **__: Any) -> Iterator[set[tuple[int, str]]]:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr(watcher, "watch", refuse)
    caplog.set_level(logging.WARNING)
    async with Project(tmp_path, "auto") as project:
        await until(lambda: project.tracker._ledger.is_ready)
        await asyncio.to_thread((tmp_path / "a.py").write_text, "1")
        await until(project.told)
    assert project.told() == ["file.created a.py"]
    assert "OS file watch limit reached" in caplog.text
    assert "fs.inotify.max_user_watches" in caplog.text


@pytest.mark.usefixtures("quick_polls")
async def test_polling_can_be_asked_for(tmp_path: Path) -> None:
    async with Project(tmp_path, "poll") as project:
        await until(lambda: project.tracker._ledger.is_ready)
        await asyncio.to_thread((tmp_path / "a.py").write_text, "1")
        await until(project.told)
        assert not project.tracker.is_watching


async def test_ten_thousand_files_are_followed_without_holding_up_the_server(
    tmp_path: Path,
) -> None:
    await asyncio.to_thread(in_folders, tmp_path, "1")
    async with Project(tmp_path, "auto") as project, Lag() as lag:
        await until(lambda: project.tracker.is_watching)
        await asyncio.sleep(0.3)
        changed = time.monotonic()
        await asyncio.to_thread((tmp_path / "d050" / "f05000.txt").write_text, "22")
        await until(project.told)
        assert time.monotonic() - changed < 1
        assert project.told() == ["file.changed d050/f05000.txt"]
        project.events.clear()

        await asyncio.to_thread(in_folders, tmp_path, "333", 3000)
        await until(lambda: len(set(project.told())) == 3000)
        # Long enough to show a defect, wide enough for a machine that does other things.
        assert lag.worst_s < 0.25


def test_a_project_too_large_is_followed_in_its_upper_folders(tmp_path: Path) -> None:
    in_folders(tmp_path, "1", 300)
    (tmp_path / "top.txt").write_text("1")
    scanner = Scanner(tmp_path, Ignore(), most_entries=150)
    looks = scanner.look_everywhere()
    assert scanner.is_full
    assert "top.txt" in {look.path for look in looks}
    assert len(looks) <= 150
    assert scanner.look_everywhere() == []


def test_links_that_lead_in_circles_and_odd_names_are_survived(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "naïve ☃.py").write_text("1")
    with open(bytes(tmp_path) + b"/\xff.txt", "w", encoding="utf-8"):  # noqa: PTH123
        pass
    paths = {look.path for look in Scanner(tmp_path, Ignore()).look_everywhere()}
    assert paths == {"loop", "naïve ☃.py"}
