"""Who may write what in a chat document.

A `.chat` file is a Yjs document in which the sender is just a field, so anybody who may edit it
could speak as anybody else. `ChatJudge` tries each person's update on a shadow of the document
and looks at the entries it touched: own messages, own identity and own reactions pass.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pycrdt import Array, Doc, Map

from ..errors import InvalidRequestError, RefusedError
from ..rate_limit import RateLimit
from ..updates import Clock, Update, advance, missing, read_state, read_update
from .schema import (
    EDITABLE_KEYS,
    MAX_EMOJI_CHARS,
    check_attachment,
    check_message,
    check_user,
    parse_reaction_key,
)

People = Callable[[str], Mapping[str, Any] | None]

_MAPS = ("users", "attachments", "metadata", "state")
_ROOTS = {"messages", *_MAPS}
_PLAIN = {"any", "json", "map", "gc", "deleted"}
# What JupyterLab's document provider writes for itself; the rest of `state` is the server's.
_CLIENT_STATE_KEYS = {"document_id", "dirty"}
_MAX_ID_CHARS = 100
# A wrong clock is no crime, but such a message would stay unread until its time has come.
_MAX_AHEAD_S = 86_400

MAX_MESSAGES = 30
PER_SECONDS = 10


@dataclass(slots=True)
class _Changes:
    """What one transaction did: inserted and removed messages, changed keys."""

    inserted: list[Any] = field(default_factory=list)
    removed: list[tuple[str, str]] = field(default_factory=list)
    edited: list[tuple[int, Any, dict[str, Any]]] = field(default_factory=list)
    nested: bool = False
    maps: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


class ChatJudge:
    """Judges updates of people to one chat document; in step with it through `follow`.

    `people` gives the server's word about a username (name, display_name, avatar_url), or None
    for nobody it knows; without it each person's own entry is taken as it comes.
    """

    def __init__(
        self,
        live: Doc[Any],
        *,
        people: People | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._live = live
        self._wall_clock = wall_clock
        self._people = people
        self._rate = RateLimit("messages", MAX_MESSAGES, PER_SECONDS)
        # (id, sender) of each message, in order.
        self._order: list[tuple[str, str]] = []
        self._ids: set[str] = set()
        self._order_known = False
        self._stale = True

    def admit(self, update: bytes, username: str, *, may_write: bool = True) -> None:
        """Return when `username` may make this change; the caller then applies and follows it.

        Who may not write is left what their browser notes of itself. Raises RefusedError or
        InvalidRequestError when not.
        """
        decoded = read_update(update)
        self._refresh()
        self._check_shape(decoded)
        order, ids = self._order.copy(), self._ids.copy()
        try:
            changes = self._apply(update, decoded)
            if not may_write:
                _check_reader(changes)
            self._judge(changes, username)
        except Exception:
            # The shadow now holds what was refused; the list of messages need not be read again.
            self._stale = True
            self._order, self._ids = order, ids
            raise

    def follow(self, update: bytes) -> None:
        """Keep in step: tell of every update that was applied to the document, judged or not."""
        if self._stale:
            self._order_known = False
            return
        try:
            decoded = read_update(update)
            changes = self._apply(update, decoded)
        except InvalidRequestError:
            self._stale = True
            self._order_known = False
            return
        self._ids.difference_update(identifier for identifier, _ in changes.removed)
        self._ids.update(_entry(message)[0] for message in changes.inserted)

    def _refresh(self) -> None:
        if not self._stale:
            return
        self._shadow: Doc[Any] = Doc()
        self._messages = self._shadow.get("messages", type=Array)
        # Kept: an observer ends with the last reference to what it observes.
        self._maps = {name: self._shadow.get(name, type=Map) for name in _MAPS}
        self._shadow.apply_update(self._live.get_update())
        self._state: Clock = read_state(self._shadow.get_state())
        if not self._order_known:
            self._order = _entries(self._messages)
            self._ids = {identifier for identifier, _ in self._order}
            self._order_known = True
        self._changes = _Changes()
        self._messages.observe_deep(self._on_messages)
        for name, shared in self._maps.items():
            shared.observe(partial(self._on_map, name))
        self._stale = False

    def _check_shape(self, update: Update) -> None:
        for struct in update:
            if struct.kind not in _PLAIN and struct.kind != "skip":
                raise RefusedError("A chat holds plain values only.")
            if struct.root is None:
                continue
            if struct.root not in _ROOTS:
                raise RefusedError("A chat has no such part.")
            if (struct.key is None) != (struct.root == "messages"):
                raise RefusedError("The update mistakes the shape of the chat.")
        if missing(update, self._state):
            raise RefusedError("The update depends on edits that don't exist.")

    def _apply(self, update: bytes, decoded: Update) -> _Changes:
        self._changes = _Changes()
        try:
            self._shadow.apply_update(update)
        except BaseException as error:  # pyo3's PanicException is no Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
                raise
            raise InvalidRequestError("The update can't be applied.") from error
        advance(self._state, decoded)
        return self._changes

    def _on_messages(self, events: list[Any]) -> None:
        changes = self._changes
        for event in events:
            if not event.path and hasattr(event, "delta"):
                self._move(event.delta)
            elif len(event.path) == 1 and isinstance(event.target, Map):
                changes.edited.append((event.path[0], event.target, dict(event.keys)))
            else:
                changes.nested = True

    def _move(self, delta: list[dict[str, Any]]) -> None:
        at = 0
        for step in delta:
            if "retain" in step:
                at += step["retain"]
            elif "delete" in step:
                gone = self._order[at : at + step["delete"]]
                del self._order[at : at + step["delete"]]
                self._changes.removed.extend(gone)
            else:
                self._changes.inserted.extend(step["insert"])
                entries = [_entry(message) for message in step["insert"]]
                self._order[at:at] = entries
                at += len(entries)

    def _on_map(self, name: str, event: Any) -> None:
        self._changes.maps.append((name, dict(event.keys)))

    def _judge(self, changes: _Changes, username: str) -> None:
        if changes.nested:
            raise RefusedError("A chat message holds plain values only.")
        for identifier, sender in changes.removed:
            if sender != username:
                raise RefusedError("You can delete your own messages only.")
            self._ids.discard(identifier)
        for message in changes.inserted:
            self._judge_new(message, username)
        for index, message, keys in changes.edited:
            self._judge_edit(self._order[index][1], message, keys, username)
        for name, keys in changes.maps:
            for key, change in keys.items():
                if _differs(change):
                    self._judge_entry(name, key, change, username)
        if changes.inserted:
            self._rate.spend(username, len(changes.inserted))

    def _judge_new(self, message: Any, username: str) -> None:
        entry = check_message(_plain(message))
        if entry["sender"] != username:
            raise RefusedError("You can write in your own name only.")
        if not entry["id"] or entry["id"] in self._ids:
            raise RefusedError("A chat message needs an id of its own.")
        if not 0 <= entry["time"] <= self._wall_clock() + _MAX_AHEAD_S:
            raise RefusedError("A chat message can't be of the future; check the clock.")
        if entry.get("raw_time") is False:
            raise RefusedError("The server sets the time of a chat message.")
        self._ids.add(entry["id"])

    def _judge_edit(self, sender: str, message: Any, keys: dict[str, Any], username: str) -> None:
        changed = {key for key, change in keys.items() if _differs(change)}
        if not changed and keys:
            return
        if sender != username:
            raise RefusedError("You can edit your own messages only.")
        if not changed or not changed <= EDITABLE_KEYS:
            raise RefusedError("This part of a chat message can't be edited.")
        check_message(_plain(message))

    def _judge_entry(self, name: str, key: str, change: Any, username: str) -> None:
        old, new = change.get("oldValue"), change.get("newValue")
        if not _is_plain(new):
            raise RefusedError("A chat holds plain values only.")
        if name == "users":
            self._judge_user(key, old, new, username)
        elif name == "attachments":
            if old is not None or new is None:
                raise RefusedError("A chat attachment can't be changed.")
            check_attachment(new)
        elif name == "metadata":
            self._judge_metadata(key, old, new, username)
        elif key not in _CLIENT_STATE_KEYS:
            raise RefusedError("The state of a chat document is the server's.")

    def _judge_user(self, key: str, old: Any, new: Any, username: str) -> None:
        identity = self._people(key) if self._people else None
        if key != username and (old is not None or new is None or identity is None):
            raise RefusedError("You can change your own chat identity only.")
        if new is None:
            raise RefusedError("A chat user can't be removed.")
        check_user(key, new, identity)

    def _judge_metadata(self, key: str, old: Any, new: Any, username: str) -> None:
        if key == "id":
            # A new chat gets its id from whoever opens it first.
            fresh = old is None or not self._order
            if fresh and isinstance(new, str) and 0 < len(new) <= _MAX_ID_CHARS:
                return
            raise RefusedError("The id of a chat can't be changed.")
        reaction = parse_reaction_key(key)
        if reaction is None:
            raise RefusedError("The settings of a chat are the server's.")
        message_id, person, emoji = reaction
        if person != username:
            raise RefusedError("You can react in your own name only.")
        if new is None:
            return
        if new is not True or message_id not in self._ids or not 0 < len(emoji) <= MAX_EMOJI_CHARS:
            raise RefusedError("This reaction can't be understood.")


def _check_reader(changes: _Changes) -> None:
    is_message = changes.inserted or changes.removed or changes.edited
    is_more = any(
        name == "attachments" or (name == "metadata" and set(keys) != {"id"})
        for name, keys in changes.maps
    )
    if is_message or is_more:
        raise RefusedError("You may read this chat but not write in it.")


def _entry(message: Any) -> tuple[str, str]:
    """(id, sender) of a message as it stands in the document, whatever that is."""
    if not isinstance(message, Map):
        return "", ""
    return str(message.get("id", "")), str(message.get("sender", ""))


def _entries(messages: Array[Any]) -> list[tuple[str, str]]:
    """`_entry` of every message; reading them as JSON is five times faster than one by one."""
    try:
        listed = json.loads(str(messages))
    except ValueError:
        return [_entry(message) for message in messages]
    return [
        (str(each.get("id", "")), str(each.get("sender", "")))
        if isinstance(each, dict)
        else ("", "")
        for each in listed
    ]


def _plain(message: Any) -> Any:
    if not isinstance(message, Map):
        return None
    entry = {key: message[key] for key in message.keys()}  # noqa: SIM118  a Map is not a dict
    if not all(_is_plain(value) for value in entry.values()):
        raise RefusedError("A chat message holds plain values only.")
    return entry


def _is_plain(value: Any) -> bool:
    """Whether `value` is JSON, not a shared type of its own."""
    return value is None or isinstance(value, (str, bool, int, float, list, dict))


def _differs(change: Mapping[str, Any]) -> bool:
    return bool(change["action"] != "update" or change["oldValue"] != change["newValue"])
