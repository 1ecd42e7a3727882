"""The text messages of a media socket; frames go between them in binary ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator

from ..errors import InvalidRequestError
from .messages import Message, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT = 1024

_STREAM: Schema = {"type": "integer", "minimum": 0, "maximum": 255}


def _fields(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"type": {"type": "string"}, **properties},
        "required": ["type", *properties],
        "additionalProperties": False,
    }


MEDIA_CLIENT_MESSAGES: Mapping[str, Schema] = {
    "open": _fields(key={"type": "string", "minLength": 1, "maxLength": 128}),
    "received": _fields(bytes={"type": "integer", "minimum": 0, "maximum": 2**53}),
    "need_keyframe": _fields(stream=_STREAM),
}

MEDIA_SERVER_MESSAGES = ("streams", "received", "keyframe")

_VALIDATORS = {name: Draft202012Validator(schema) for name, schema in MEDIA_CLIENT_MESSAGES.items()}


def decode_media(text: str) -> Message:
    """Read a text message; InvalidRequestError when it isn't one of a media socket."""
    if len(text) > MAX_TEXT:
        raise InvalidRequestError("That message is too long.")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("That message is no JSON.") from error
    kind = whole.get("type") if isinstance(whole, dict) else None
    validator = _VALIDATORS.get(kind) if isinstance(kind, str) else None
    if validator is None or not validator.is_valid(whole):
        raise InvalidRequestError("That is no message of a media socket.")
    return Message(whole.pop("type"), whole)
