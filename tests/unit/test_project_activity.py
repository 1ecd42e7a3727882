from __future__ import annotations

from typing import Any

from codesyncx_server.events.bus import Event
from codesyncx_server.project.activity import TOGETHER_S, Recorder


def event(topic: str, path: str, time: float, username: str | None = "ada", **more: Any) -> Event:
    return Event(topic, {"path": path, "username": username, "time": time, **more})


def test_edits_of_one_person_in_one_file_are_one_entry() -> None:
    recorder = Recorder()
    first = recorder.record(event("document.edited", "a", 0), 0)
    second = recorder.record(event("document.edited", "a", 60), 0)
    other = recorder.record(event("document.edited", "a", 70, "bob"), 0)
    later = recorder.record(event("document.edited", "a", TOGETHER_S + 1), 0)

    assert first is not None
    assert second is not None
    assert other is not None
    assert later is not None
    assert [entry.id for entry in (first, second, other, later)] == [1, 1, 2, 3]
    assert (second.time, second.last_time, second.count) == (0, 60, 2)


def test_edits_before_and_after_a_move_are_not_of_one_file() -> None:
    recorder = Recorder()
    recorder.record(event("document.edited", "a", 0), 0)
    recorder.record(event("file.renamed", "b", 1, old_path="a"), 0)
    entry = recorder.record(event("document.edited", "a", 2), 0)
    assert entry is not None
    assert entry.id == 3


def test_a_great_change_from_outside_is_one_entry() -> None:
    recorder = Recorder()
    entries = [
        recorder.record(event("file.changed", f"{n}", 5, None, batch_size=30), 0) for n in range(30)
    ]
    last = entries[-1]
    assert last is not None
    assert (last.id, last.type, last.count, last.path) == (1, "file.batch", 30, "")
    again = recorder.record(event("file.created", "x", 6, None, batch_size=30), 0)
    assert again is not None
    assert again.id == 2


def test_other_events_are_not_kept() -> None:
    recorder = Recorder()
    assert recorder.record(event("document.saved", "a", 0), 0) is None
    assert recorder.record(Event("file.created", {}), 0) is None
    assert recorder.record(event("document.edited", "talk/general.chat", 0), 0) is None
    assert recorder.record(event("document.edited", ".chats/x", 0), 0) is None
    assert recorder.next_id == 1
