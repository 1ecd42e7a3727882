from __future__ import annotations

from typing import Any

import pytest

from codesyncx_server.project.visibility import visible_entry, visible_event, visible_events


def sees(path: str, _time: float | None = None) -> bool:
    return path.startswith("mine")


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"type": "file.created", "path": "mine/a"}, {"type": "file.created", "path": "mine/a"}),
        ({"type": "file.created", "path": "hidden/a"}, None),
        ({"type": "file.batch", "time": 1}, {"type": "file.batch", "time": 1}),
        ({"type": "access.changed"}, {"type": "access.changed"}),
        ({"type": "of.tomorrow", "secret": "x"}, None),
        ({"type": "presence.summon", "path": "hidden/a"}, None),
        ({"type": "chat.message", "path": "hidden/a.chat", "excerpt": "x"}, None),
        (
            {"type": "file.renamed", "old_path": "mine/a", "path": "mine/b"},
            {"type": "file.renamed", "old_path": "mine/a", "path": "mine/b"},
        ),
        (
            {"type": "file.renamed", "old_path": "hidden/a", "path": "mine/b"},
            {"type": "file.created", "path": "mine/b"},
        ),
        (
            {"type": "file.renamed", "old_path": "mine/a", "path": "hidden/b"},
            {"type": "file.deleted", "path": "mine/a"},
        ),
        ({"type": "file.renamed", "old_path": "hidden/a", "path": "hidden/b"}, None),
        ({"type": "activity.recorded", "entries": [{"path": "hidden/a"}]}, None),
        (
            {"type": "activity.recorded", "entries": [{"path": "hidden"}, {"path": "mine"}]},
            {"type": "activity.recorded", "entries": [{"path": "mine"}]},
        ),
    ],
)
def test_an_event_tells_only_of_what_one_may_see(
    event: dict[str, Any], told: dict[str, Any] | None
) -> None:
    assert visible_event(event, sees) == told


def test_an_entry_never_says_where_something_hidden_was() -> None:
    entry = {"type": "file.renamed", "path": "mine/b", "old_path": "hidden/a"}
    assert visible_entry(entry, sees) == {
        "type": "file.created",
        "path": "mine/b",
        "old_path": None,
    }
    assert visible_entry({**entry, "path": "hidden/b", "old_path": "mine/a"}, sees) is None
    assert visible_entry({"path": "", "count": 30}, sees) == {"path": "", "count": 30}


def test_who_sees_parts_of_a_file_hears_where_they_went() -> None:
    def moved(old: str, new: str) -> list[tuple[str, str]]:
        return [(old, new), (f"{old} 2", f"{new} 2")] if old == "hidden/a" else []

    event = {"type": "file.renamed", "old_path": "hidden/a", "path": "hidden/b", "time": 1}
    assert visible_events(event, sees, moved) == [
        event,
        {**event, "old_path": "hidden/a 2", "path": "hidden/b 2", "continues": True},
    ]
    assert visible_events({**event, "old_path": "hidden/x"}, sees, moved) == []
    assert visible_events({"type": "file.deleted", "path": "hidden/a"}, sees, moved) == []
    event = {"type": "file.renamed", "old_path": "hidden/a", "path": "mine/a"}
    assert visible_events(event, sees, moved)[0] == event
    event = {"type": "file.renamed", "old_path": "hidden/x", "path": "mine/x"}
    assert visible_events(event, sees, moved) == [{"type": "file.created", "path": "mine/x"}]
    seen = {"type": "file.created", "path": "mine/a"}
    assert visible_events(seen, sees, moved) == [seen]
