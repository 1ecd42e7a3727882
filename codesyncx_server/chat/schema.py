"""What an entry of a chat document may look like.

jupyterlab-chat builds its dataclasses straight from the document (`Message(**entry)`), so one
unknown or missing key written by anybody stops saving and every server-side reader. Each check
here raises RefusedError with a sentence for the person.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from ..errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_CHARS = 64_000
MAX_ENTRY_BYTES = 128_000
MAX_LIST = 100
MAX_EMOJI_CHARS = 16

_MESSAGE_KEYS: dict[str, type | tuple[type, ...]] = {
    "body": str,
    "id": str,
    "time": (int, float),
    "sender": str,
    "type": str,
    "attachments": list,
    "mentions": list,
    "raw_time": bool,
    "deleted": bool,
    "edited": bool,
    "metadata": dict,
    "mime_model": dict,
}
_MESSAGE_REQUIRED = {"body", "id", "time", "sender"}
EDITABLE_KEYS = frozenset({"body", "deleted", "edited", "mentions", "attachments", "metadata"})
_USER_KEYS = {
    "username",
    "name",
    "display_name",
    "initials",
    "color",
    "avatar_url",
    "bot",
    "mention_name",
}
_IDENTITY_KEYS = ("name", "display_name", "avatar_url")
_ATTACHMENT_KEYS = {
    "file": {"type", "value", "mimetype", "selection"},
    "notebook": {"type", "value", "mimetype", "cells"},
}
_COLOR = re.compile(r"[\w#(),.% -]{0,64}")
REACTION_PREFIX = "codesyncx.reaction"
_REACTION_PARTS = 4
_MAX_FIELD_CHARS = 2_000
_MAX_PATH_CHARS = 4_096


def reaction_key(message_id: str, username: str, emoji: str) -> str:
    """Give the metadata key under which one person's reaction to one message is kept."""
    return "/".join(
        (REACTION_PREFIX, *(quote(part, safe="") for part in (message_id, username, emoji)))
    )


def parse_reaction_key(key: str) -> tuple[str, str, str] | None:
    """(message id, username, emoji) of a reaction key; None for any other key."""
    parts = key.split("/")
    if len(parts) != _REACTION_PARTS or parts[0] != REACTION_PREFIX:
        return None
    message_id, username, emoji = (unquote(part) for part in parts[1:])
    return message_id, username, emoji


def check_message(message: Any) -> dict[str, Any]:
    """`message` as a dict, when it is one that every reader understands."""
    if not isinstance(message, dict):
        raise RefusedError("A chat message must be a record.")
    for key, value in message.items():
        _check_field(key, value)
    if any(message.get(key) is None for key in _MESSAGE_REQUIRED):
        raise RefusedError("A chat message needs a body, an id, a time and a sender.")
    if message.get("type", "msg") != "msg":
        raise RefusedError("A chat message is of an unknown type.")
    if len(message["body"]) > MAX_BODY_CHARS:
        raise RefusedError(f"A chat message may have {MAX_BODY_CHARS:,} characters at most.")
    for key in ("attachments", "mentions"):
        items = message.get(key) or []
        if len(items) > MAX_LIST or not all(isinstance(item, str) for item in items):
            raise RefusedError(f"The {key} of a chat message are not a list of names.")
    if (message.get("mime_model") or {}).get("trusted"):
        raise RefusedError("Only the server may mark rich content as trusted.")
    _check_size(message)
    return message


def _check_field(key: str, value: Any) -> None:
    wanted = _MESSAGE_KEYS.get(key)
    if wanted is None:
        raise RefusedError(f"A chat message has no field {key[:40]!r}.")
    fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    if value is not None and not fits:
        raise RefusedError(f"The field {key!r} of a chat message has the wrong type.")


def check_user(username: str, entry: Any, identity: Mapping[str, Any] | None) -> None:
    """Refuse an entry of the `users` table that isn't the server's word about `username`."""
    if not isinstance(entry, dict) or not set(entry) <= _USER_KEYS:
        raise RefusedError("A chat user has unknown fields.")
    if entry.get("username") != username:
        raise RefusedError("A chat user is kept under another name.")
    if entry.get("bot"):
        raise RefusedError("A person can't be entered as a bot.")
    strings = [value for key, value in entry.items() if key != "bot" and value is not None]
    if not all(isinstance(value, str) and len(value) <= _MAX_FIELD_CHARS for value in strings):
        raise RefusedError("A chat user has a field of the wrong type.")
    if not _COLOR.fullmatch(entry.get("color") or ""):
        raise RefusedError("A chat user has an unusable colour.")
    if identity is None:
        return
    for key in _IDENTITY_KEYS:
        if (entry.get(key) or "") != (identity.get(key) or ""):
            raise RefusedError(f"The {key} of a chat user differs from the person's own.")


def check_attachment(entry: Any) -> None:
    """Refuse an attachment that readers would stumble over."""
    keys = _ATTACHMENT_KEYS.get(entry.get("type", "file")) if isinstance(entry, dict) else None
    if keys is None or not set(entry) <= keys:
        raise RefusedError("A chat attachment has unknown fields.")
    value = entry.get("value")
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= _MAX_PATH_CHARS
        or ".." in value.split("/")
    ):
        raise RefusedError("A chat attachment must name a file of the project.")
    if not isinstance(entry.get("mimetype") or "", str):
        raise RefusedError("A chat attachment has a field of the wrong type.")
    _check_size(entry)


def _check_size(entry: Mapping[str, Any]) -> None:
    try:
        size = len(json.dumps(entry, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError) as error:
        raise RefusedError("A chat entry may hold plain values only.") from error
    if size > MAX_ENTRY_BYTES:
        raise RefusedError(f"A chat entry may take {MAX_ENTRY_BYTES:,} bytes at most.")
