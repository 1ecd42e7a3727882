"""Reads what a request asks for; InvalidRequestError for what makes no sense."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..access.changes import Terms
from ..access.links import clean_name
from ..access.model import (
    NO_ACCESS,
    Permissions,
    Subject,
    SubjectKind,
    clean_path,
    permissions_of,
)
from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..access.model import Grant

Data = dict[str, Any]

MOST_CELLS = 1000
MOST_PATHS = 500
MOST_MEMBERS = 10_000
_MOST_LINES = 10_000_000
_MOST_USES = 1_000_000


def path_in(data: Mapping[str, Any]) -> str:
    """Give the path that something is granted on."""
    return clean_path(_text(data, "path"))


def paths_in(data: Mapping[str, Any]) -> list[str]:
    """Give the paths that are asked about."""
    value = data.get("paths")
    if not isinstance(value, list) or len(value) > MOST_PATHS:
        raise InvalidRequestError(f"`paths` must be a list of at most {MOST_PATHS} paths.")
    if not all(isinstance(path, str) for path in value):
        raise InvalidRequestError("A path is text.")
    return [clean_path(path) for path in value]


def subject_in(data: Mapping[str, Any]) -> Subject:
    """Give to whom something is granted."""
    value = data.get("subject")
    if not isinstance(value, dict):
        raise InvalidRequestError("The request needs a `subject` with `kind` and `name`.")
    name = value.get("name", "")
    if not isinstance(name, str):
        raise InvalidRequestError("The name of a subject must be text.")
    return Subject(kind_of(value.get("kind")), name)


def kind_of(value: Any) -> SubjectKind:
    """Give a kind of subject."""
    try:
        return SubjectKind(value)
    except ValueError as error:
        kinds = ", ".join(SubjectKind)
        raise InvalidRequestError(f"The kind of a subject is one of {kinds}.") from error


def terms_in(data: Mapping[str, Any], old: Grant | None = None) -> Terms:
    """Give what is granted and until when; what isn't said stays as in `old`."""
    role, permissions = _rights(data, old)
    expires_at = old.expires_at if old is not None else None
    if "expires_at" in data:
        expires_at = _time(data["expires_at"])
    return Terms(permissions, role, expires_at)


def range_in(data: Mapping[str, Any]) -> Data | None:
    """Give the range that something is granted on: an id, lines or cells."""
    value = data.get("range")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidRequestError("`range` must be an object.")
    if "id" in value:
        return {"id": _text(value, "id")}
    match value.get("kind"):
        case "lines":
            start = _whole(value, "start_line", most=_MOST_LINES)
            end = _whole(value, "end_line", most=_MOST_LINES)
            if start > end:
                raise InvalidRequestError("A range of lines must not end before it starts.")
            return {"kind": "lines", "start_line": start, "end_line": end}
        case "cells":
            return {"kind": "cells", "cell_ids": _cells(value.get("cell_ids"))}
    raise InvalidRequestError("A range is of the kind lines or cells, or names an `id`.")


def uses_in(data: Mapping[str, Any]) -> int | None:
    """Give how often a link may be used."""
    return None if data.get("max_uses") is None else _whole(data, "max_uses", most=_MOST_USES)


def link_name_in(data: Mapping[str, Any]) -> str:
    """Give what a link is called; it may have no name."""
    value = data.get("name")
    if value is None or value == "":
        return ""
    return clean_name(_text(data, "name"))


def members_in(data: Mapping[str, Any]) -> list[str]:
    """Give the members of a group."""
    value = data.get("members")
    if not isinstance(value, list) or len(value) > MOST_MEMBERS:
        raise InvalidRequestError(f"`members` must be a list of at most {MOST_MEMBERS} names.")
    if not all(isinstance(name, str) for name in value):
        raise InvalidRequestError("A member is named by text.")
    return value


def flag_in(data: Mapping[str, Any], key: str) -> bool:
    """Give whether something is wished."""
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise InvalidRequestError(f"`{key}` must be true or false.")
    return value


def text_in(data: Mapping[str, Any], key: str) -> str:
    """Give a text that must be there."""
    return _text(data, key)


def _rights(data: Mapping[str, Any], old: Grant | None) -> tuple[str | None, Permissions]:
    role, single = data.get("role"), data.get("permissions")
    if role is not None and single is not None:
        raise InvalidRequestError("Give a role or permissions, not both.")
    if role is not None:
        if not isinstance(role, str):
            raise InvalidRequestError("A role is named by text.")
        return role, permissions_of(role)
    if single is not None:
        if not isinstance(single, list) or not all(isinstance(name, str) for name in single):
            raise InvalidRequestError("`permissions` must be a list of names.")
        permissions = permissions_of(None, single)
        return (None if permissions else NO_ACCESS), permissions
    if old is None:
        raise InvalidRequestError("The request needs a `role` or `permissions`.")
    return old.role, old.permissions


def _time(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidRequestError("`expires_at` must be Unix seconds, or null for no end.")
    return float(value)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise InvalidRequestError(f"The request needs a text `{key}`.")
    return value


def _whole(data: Mapping[str, Any], key: str, *, most: int) -> int:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidRequestError(f"`{key}` must be a whole number from 1 to {most}.")
    return value


def _cells(value: object) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_CELLS:
        raise InvalidRequestError(f"`cell_ids` must be a list of 1 to {MOST_CELLS} ids.")
    ids = [cell for cell in value if isinstance(cell, str) and 0 < len(cell) <= 64]  # noqa: PLR2004 - nbformat's limit
    if len(ids) < len(value):
        raise InvalidRequestError("The id of a cell is a text of up to 64 characters.")
    return list(dict.fromkeys(ids))
