"""What of the project's events and activity a person may be told: only what concerns them.

Pure: whether they may see a path, which something had at that time, is asked of whoever knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Sees = Callable[[str, float | None], bool]
    Moved = Callable[[str, str], list[tuple[str, str]]]

_RENAMED = "file.renamed"
_RECORDED = "activity.recorded"
#: These say nothing of any place.
_PLACELESS = frozenset(
    {"hello", "reset", "file.batch", "chat.people_changed", "access.changed", "run.changed"}
)


def visible_event(message: Mapping[str, Any], sees: Sees) -> dict[str, Any] | None:
    """Give an event as the person may hear it; None for one that isn't for them."""
    topic = message.get("type")
    if topic == _RECORDED:
        found = (visible_entry(entry, sees) for entry in message["entries"])
        entries = [entry for entry in found if entry is not None]
        return {**message, "entries": entries} if entries else None
    if topic == _RENAMED:
        return _renamed(message, sees)
    if topic in _PLACELESS:
        return dict(message)
    path, time = message.get("path"), message.get("time")
    return dict(message) if isinstance(path, str) and sees(path, time) else None


def visible_events(message: Mapping[str, Any], sees: Sees, moved: Moved) -> list[dict[str, Any]]:
    """Give what a person may hear of an event.

    `moved` tells what that was and is called which was theirs before a rename, and went along:
    parts of a file that they see as files, a file or a folder that they have for itself.
    """
    visible = visible_event(message, sees)
    if message.get("type") != _RENAMED or (visible and visible["type"] == _RENAMED):
        return [] if visible is None else [visible]
    renamed = moved(message["old_path"], message["path"])
    if not renamed:
        return [] if visible is None else [visible]
    return [
        {**message, "old_path": old, "path": new, **({"continues": True} if index else {})}
        for index, (old, new) in enumerate(renamed)
    ]


def visible_entry(entry: Mapping[str, Any], sees: Sees) -> dict[str, Any] | None:
    """Give an entry of the activity as the person may read it; None for one that isn't theirs."""
    path, old_path, time = entry.get("path"), entry.get("old_path"), entry.get("time")
    if not path:
        return dict(entry)  # many changes at once, of which only the number is kept
    if not sees(path, time):
        return None
    if old_path is None or sees(old_path, time):
        return dict(entry)
    return {**entry, "old_path": None, "type": "file.created"}


def _renamed(message: Mapping[str, Any], sees: Sees) -> dict[str, Any] | None:
    """For whoever sees only one end of a move, something has come or gone."""
    path, old_path, time = message["path"], message["old_path"], message.get("time")
    if sees(path, time):
        if sees(old_path, time):
            return dict(message)
        come = {key: value for key, value in message.items() if key != "old_path"}
        return {**come, "type": "file.created"}
    if not sees(old_path, time):
        return None
    gone = {key: value for key, value in message.items() if key != "old_path"}
    return {**gone, "type": "file.deleted", "path": old_path}
