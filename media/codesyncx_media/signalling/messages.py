"""Every message that a browser may send, with the schema that it is held against.

What the server sends are `EVENTS` of the room and `SERVER_MESSAGES`. Both sides of the protocol
are told in docs/calls-protocol.md, which a test compares with this file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from ..errors import InvalidRequestError
from ..rooms import TrackKind
from ..sdp.parser import MAX_LENGTH as MAX_DESCRIPTION
from ..sessions import MAX_SESSION_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..rooms.events import Event

VERSION = 1
MAX_MESSAGE = MAX_DESCRIPTION + 16 * 1024
"""In characters. All but descriptions are held to less by their schemas."""

GOODBYES = frozenset({1000, 1001})
"""RFC 6455, section 7.4.1: the close codes of who means to go, or leaves the page."""

Schema = dict[str, Any]
Fields = dict[str, Any]


def _text(most: int, least: int = 1) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": most}


def _fields(optional: Mapping[str, Schema] | None = None, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "id": {"type": "integer", "minimum": 0, "maximum": 2**53},
            **properties,
            **(optional or {}),
        },
        "required": ["type", *properties],
        "additionalProperties": False,
    }


def _by(name: Schema, value: Schema) -> Schema:
    """Describe something of each track that one person sends."""
    return {
        "type": "object",
        "propertyNames": name,
        "additionalProperties": value,
        "maxProperties": 32,
    }


_NAME = _text(256)
_PLACE = _text(64, least=0)
_NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": 2**53}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_BOOLEAN: Schema = {"type": "boolean"}
_DESCRIPTION = _text(MAX_DESCRIPTION)
_MID: Schema = {"type": "string", "pattern": r"^[!-~]{1,64}$"}
_STREAM: Schema = {"pattern": r"^(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$"}
_KIND: Schema = {"enum": [kind.value for kind in TrackKind]}

CLIENT_MESSAGES: Mapping[str, Schema] = {
    "join": _fields(
        version={"const": VERSION},
        project=_text(256, least=0),
        room=_NAME,
        token=_text(4096),
        optional={"session": _text(MAX_SESSION_LENGTH)},
    ),
    "leave": _fields(),
    "publish": _fields(
        sdp=_DESCRIPTION,
        tracks=_by(_MID, _KIND),
        optional={"goes_on": _by(_MID, _NAME)},
    ),
    "subscribed": _fields(connection=_NUMBER, sdp=_DESCRIPTION),
    "restart": _fields(connection=_NUMBER),
    "use_websocket": _fields(
        codecs={
            "type": "array",
            "items": {"enum": ["opus", "vp8", "vp9", "h264", "av1"]},
            "maxItems": 5,
        }
    ),
    "use_udp": _fields(),
    "publish_frames": _fields(
        tracks=_by(_STREAM, _KIND),
        optional={"goes_on": _by(_STREAM, _NAME)},
    ),
    "set_muted": _fields(track_id=_NAME, is_muted=_BOOLEAN),
    "mute": _fields(member_id=_NAME, track_id=_NAME),
    "mute_all": _fields(),
    "end_track": _fields(member_id=_NAME, track_id=_NAME),
    "raise_hand": _fields(is_raised=_BOOLEAN),
    "lower_hand": _fields(member_id=_NAME),
    "react": _fields(emoji=_text(64)),
    "point": _fields(track_id=_NAME, x=_SHARE, y=_SHARE),
    "caption": _fields(text=_text(1000, least=0), is_final=_BOOLEAN),
    "admit": _fields(member_id=_NAME),
    "remove": _fields(member_id=_NAME),
    "set_locked": _fields(is_locked=_BOOLEAN),
    "set_lobby": _fields(has_lobby=_BOOLEAN),
    "record": _fields(is_recording=_BOOLEAN),
    "plan_breakouts": _fields(names={"type": "array", "items": _text(256), "maxItems": 100}),
    "assign": _fields(person_id=_NAME, place=_PLACE),
    "assign_at_random": _fields(),
    "assign_by_team": _fields(
        teams={
            "type": "object",
            "propertyNames": _NAME,
            "additionalProperties": _text(256),
            "maxProperties": 1000,
        }
    ),
    "open_breakouts": _fields(),
    "close_breakouts": _fields(in_s={"type": "number", "minimum": 0, "maximum": 600}),
    "visit": _fields(place=_PLACE),
    "broadcast": _fields(text=_text(2000)),
}

SERVER_MESSAGES = (
    "welcome",
    "done",
    "error",
    "published",
    "subscribe",
    "media_socket",
    "frames_published",
)

_VALIDATORS = {name: Draft202012Validator(schema) for name, schema in CLIENT_MESSAGES.items()}


@dataclass(frozen=True, slots=True)
class Message:
    """A message that follows its schema; `id` is the browser's number for it, if it gave one."""

    type: str
    fields: Fields
    id: int | None = None


def decode(text: str | bytes) -> Message:
    """Read what a browser sent; InvalidRequestError when it isn't a message of the protocol."""
    if isinstance(text, bytes):
        raise InvalidRequestError("Messages are text.")
    if len(text) > MAX_MESSAGE:
        raise InvalidRequestError("That message is too long.")
    try:
        whole = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("That message is no JSON.") from error
    kind = whole.get("type") if isinstance(whole, dict) else None
    validator = _VALIDATORS.get(kind) if isinstance(kind, str) else None
    if validator is None:
        raise InvalidRequestError("There is no message of that type.")
    problem = best_match(validator.iter_errors(whole))
    if problem is not None:
        # Its own message would repeat what was sent, however long that is.
        where = "".join(f" {part!r}" for part in problem.absolute_path if isinstance(part, str))
        raise InvalidRequestError(
            f"A {kind!r} message doesn't follow its schema ({problem.validator}{where[:80]})."
        )
    return Message(whole.pop("type"), whole, whole.pop("id", None))


def _refuse_constant(name: str) -> None:
    """Take no NaN and no Infinity: they pass every bound, and browsers read no JSON with them."""
    raise ValueError(name)


def encode(kind: str, **fields: Any) -> str:
    """Write a message to a browser."""
    return json.dumps({"type": kind, **fields}, separators=(",", ":"))


def encode_event(event: Event) -> str:
    """Write what happened in the room."""
    return encode(event.type, **_plain(asdict(event)))


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in fields.items()}


def _plain_value(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, dict):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_plain_value(item) for item in value]
    return value
