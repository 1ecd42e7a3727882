"""The chat files of a project: finding, reading, counting and searching them.

Blocking; the shell calls it in a thread.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

FOLDER = "chats"
DEFAULT_CHANNEL = "general"
SUFFIX = ".chat"
ATTACHMENTS = "attachments"

MAX_NAME_CHARS = 60
MAX_CHATS = 500
MAX_FOLDERS = 20_000
FIND_EVERY_S = 1.0
MAX_FILE_BYTES = 64_000_000
MAX_QUERY_CHARS = 200
MAX_RESULTS = 100
EXCERPT_CHARS = 160

_SKIPPED = {"node_modules", "__pycache__", "venv"}
_FENCE = re.compile(r"^ {0,3}`{3,}[^\n`]*$", re.MULTILINE)
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


@dataclass(frozen=True, slots=True)
class ChatFile:
    """One chat as it stands on disk."""

    path: str
    channel_id: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """What people call the channel."""
        return channel_name(self.path)

    def with_newer(self, messages: list[dict[str, Any]]) -> ChatFile:
        """Give the chat with messages that will be on disk soon."""
        return replace(self, messages=[*self.messages, *messages]) if messages else self

    def sender_name(self, message: Mapping[str, Any]) -> str:
        """Whom a message is from, for reading."""
        sender = str(message.get("sender", ""))
        user = self.users.get(sender) or {}
        return str(user.get("display_name") or user.get("name") or sender)


def channel_name(path: str) -> str:
    """Give the channel's name: its path without the usual folder and suffix."""
    return path.removeprefix(f"{FOLDER}/").removesuffix(SUFFIX)


def channel_path(name: str) -> str:
    """Give the path of a new channel called `name`; InvalidRequestError for unusable names."""
    tidy = unicodedata.normalize("NFC", " ".join(name.split())).removesuffix(SUFFIX)
    if not tidy or len(tidy) > MAX_NAME_CHARS:
        raise InvalidRequestError(f"A channel's name has 1 to {MAX_NAME_CHARS} characters.")
    if _FORBIDDEN.search(tidy) or tidy.startswith((".", "~")) or tidy.endswith("."):
        raise InvalidRequestError("A channel's name can't hold any of / \\ : * ? \" < > |.")
    return f"{FOLDER}/{tidy}{SUFFIX}"


def attachment_name(name: str) -> str:
    """Make the name of an uploaded file safe, keeping it readable."""
    base = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    base = _FORBIDDEN.sub("_", " ".join(base.split())).lstrip(".~ ")
    stem, dot, suffix = base.rpartition(".")
    if not dot:
        return base[:MAX_NAME_CHARS] or "file"
    return f"{stem[:MAX_NAME_CHARS] or 'file'}.{suffix[:MAX_NAME_CHARS]}"


class Catalog:
    """The chat files below `root`; what was parsed is kept until the file changes."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._paths: list[str] = []
        self._found_at = -math.inf
        self._parsed: dict[str, tuple[tuple[int, int], ChatFile]] = {}

    def chats(self) -> list[ChatFile]:
        """Every readable chat, the usual folder's first, then by name."""
        if self._clock() - self._found_at >= FIND_EVERY_S:
            self._paths = list(self._find())
            self._found_at = self._clock()
        found = [chat for path in self._paths if (chat := self.read(path)) is not None]
        self._parsed = {chat.path: self._parsed[chat.path] for chat in found}
        return sorted(found, key=_order)

    def look_again(self) -> None:
        """Look for chats anew next time; one was made."""
        self._found_at = -math.inf

    def read(self, path: str) -> ChatFile | None:
        """Read one chat; None when there is none or it can't be read."""
        file = self._root / path
        try:
            status = file.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._parsed.get(path)
            if known and known[0] == stamp:
                return known[1]
            if status.st_size > MAX_FILE_BYTES:
                return None
            chat = parse_chat(path, file.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        self._parsed[path] = (stamp, chat)
        return chat

    def _find(self) -> Iterator[str]:
        count = 0
        for number, (folder, folders, files) in enumerate(os.walk(self._root)):
            if number > MAX_FOLDERS:
                return
            folders[:] = sorted(
                name for name in folders if not name.startswith(".") and name not in _SKIPPED
            )
            for name in files:
                file = Path(folder, name)
                if name.endswith(SUFFIX) and not name.startswith(".") and not file.is_symlink():
                    yield file.relative_to(self._root).as_posix()
                    count += 1
            if count >= MAX_CHATS:
                return


def parse_chat(path: str, text: str) -> ChatFile:
    """Read the text of a `.chat` file; ValueError when it isn't one."""
    content = json.loads(text) if text.strip() else {}
    if not isinstance(content, dict):
        raise ValueError("A chat is a record.")  # noqa: TRY004  one error for the caller
    messages = content.get("messages")
    users = content.get("users")
    metadata = content.get("metadata")
    channel_id = metadata.get("id") if isinstance(metadata, dict) else None
    listed = messages if isinstance(messages, list) else []
    listed = [each for each in listed if isinstance(each, dict)]
    return ChatFile(
        path=path,
        channel_id=channel_id if isinstance(channel_id, str) and channel_id else path,
        messages=listed,
        users={name: user for name, user in users.items() if isinstance(user, dict)}
        if isinstance(users, dict)
        else {},
        ids=frozenset(str(each.get("id", "")) for each in listed),
    )


def count_unread(chat: ChatFile, username: str, read_until: float) -> tuple[int, int]:
    """(unread messages, those that mention `username`) newer than `read_until`."""
    unread = mentions = 0
    for message in reversed(chat.messages):
        if _time(message) <= read_until:
            break
        if message.get("sender") == username or message.get("deleted"):
            continue
        unread += 1
        mentioned = message.get("mentions")
        mentions += isinstance(mentioned, list) and username in mentioned
    return unread, mentions


def search(chats: Iterable[ChatFile], query: str) -> list[dict[str, Any]]:
    """Find the messages that hold every word of `query`, newest first."""
    words = [_fold(word) for word in query.split()]
    if not words or len(query) > MAX_QUERY_CHARS:
        raise InvalidRequestError(f"Search for 1 to {MAX_QUERY_CHARS} characters.")
    hits = []
    for chat in chats:
        for message in chat.messages:
            body = message.get("body")
            if message.get("deleted") or not isinstance(body, str):
                continue
            folded = _fold(body)
            if all(word in folded for word in words):
                hits.append((_time(message), chat, message))
    hits.sort(key=lambda hit: hit[0], reverse=True)
    return [_hit(chat, message, words[0]) for _, chat, message in hits[:MAX_RESULTS]]


def excerpt(body: str, word: str = "") -> str:
    """Give one line of `body`, around `word` when that stands far in."""
    line = " ".join(_FENCE.sub(" ", body).split())
    at = _fold(line).find(word) if word else 0
    start = max(0, at - EXCERPT_CHARS // 3) if at > EXCERPT_CHARS // 2 else 0
    cut = line[start : start + EXCERPT_CHARS]
    return f"{'…' if start else ''}{cut}{'…' if start + EXCERPT_CHARS < len(line) else ''}"


def _hit(chat: ChatFile, message: Mapping[str, Any], word: str) -> dict[str, Any]:
    return {
        "path": chat.path,
        "channel": chat.name,
        "message_id": str(message.get("id", "")),
        "sender": str(message.get("sender", "")),
        "sender_name": chat.sender_name(message),
        "time": _time(message),
        "excerpt": excerpt(str(message.get("body", "")), word),
    }


def _time(message: Mapping[str, Any]) -> float:
    value = message.get("time")
    return float(value) if isinstance(value, (int, float)) else 0.0


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _order(chat: ChatFile) -> tuple[bool, bool, str]:
    usual = chat.path.startswith(f"{FOLDER}/")
    return (not usual, chat.name != DEFAULT_CHANNEL, chat.name.casefold())
