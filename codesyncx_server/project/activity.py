"""What the journal keeps of an event: one entry, or one more of the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codesyncx_server.events.bus import Event

#: Edits of one person in one file within this time are one entry.
TOGETHER_S = 600.0
#: Of more changes from outside at once, only the number is kept.
LARGEST_BATCH_TOLD = 20
MOST_OPEN = 5000

EDITED = "document.edited"
BATCH = "file.batch"
_RECORDED = frozenset({"file.created", "file.renamed", "file.deleted", "file.changed", EDITED})
_REPEATED = frozenset({EDITED, "file.changed"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of "what happened", from `time` to `last_time`."""

    id: int
    type: str
    time: float
    last_time: float
    path: str
    old_path: str | None
    username: str | None
    name: str | None
    is_dir: bool
    count: int

    def to_json(self) -> dict[str, Any]:
        """Give the entry as the routes and events show it."""
        return {slot: getattr(self, slot) for slot in self.__slots__}


@dataclass
class Recorder:
    """Turns events into new or grown entries; `next_id` is the number of the next one."""

    next_id: int = 1
    _open: dict[tuple[str, str | None, str], Entry] = field(default_factory=dict)
    _batch: tuple[float, Entry] | None = None

    def record(self, event: Event, now: float) -> Entry | None:
        """Give the entry to write for `event`, `None` when the journal doesn't keep it."""
        path = event.data.get("path")
        if event.topic not in _RECORDED or not isinstance(path, str) or _is_passed_over(path):
            return None
        time = float(event.data.get("time", now))
        if event.data.get("batch_size", 1) > LARGEST_BATCH_TOLD:
            return self._one_of_many(event, time)
        if event.topic in _REPEATED:
            return self._repeated(event, time)
        self._close_at(event)
        return self._new(event.topic, event.data, time)

    def _one_of_many(self, event: Event, time: float) -> Entry:
        if self._batch is not None and self._batch[0] == time:
            entry = replace(self._batch[1], count=self._batch[1].count + 1)
        else:
            entry = self._new(BATCH, {**event.data, "path": "", "old_path": None}, time)
        self._batch = (time, entry)
        return entry

    def _repeated(self, event: Event, time: float) -> Entry:
        key = (event.topic, event.data.get("username"), event.data["path"])
        earlier = self._open.pop(key, None)
        if earlier is not None and time - earlier.time <= TOGETHER_S:
            entry = replace(earlier, last_time=max(time, earlier.time), count=earlier.count + 1)
        else:
            entry = self._new(event.topic, event.data, time)
        self._open[key] = entry
        while len(self._open) > MOST_OPEN:
            del self._open[next(iter(self._open))]
        return entry

    def _close_at(self, event: Event) -> None:
        """Begin new entries for a path that now names another file."""
        paths = {event.data["path"], event.data.get("old_path")}
        for key in [key for key in self._open if key[2] in paths]:
            del self._open[key]

    def _new(self, kind: str, data: Any, time: float) -> Entry:
        entry = Entry(
            id=self.next_id,
            type=kind,
            time=time,
            last_time=time,
            path=data["path"],
            old_path=data.get("old_path"),
            username=data.get("username"),
            name=data.get("name"),
            is_dir=bool(data.get("is_dir", False)),
            count=1,
        )
        self.next_id += 1
        return entry


def _is_passed_over(path: str) -> bool:
    """Whether this is a hidden file, or a chat, which tells of itself."""
    return path.endswith(".chat") or any(part.startswith(".") for part in path.split("/"))
