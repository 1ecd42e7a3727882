"""Reads what people ask of the projects API; InvalidRequestError says what isn't right."""

from __future__ import annotations

import json
from typing import Any

from codesyncx_server.errors import InvalidRequestError, TooLargeError

from .invitations import Terms

LARGEST_BODY = 1_000_000
_LARGEST_NUMBER = 2**53


def read_body(body: bytes) -> dict[str, Any]:
    """Give the JSON object of a request."""
    if len(body) > LARGEST_BODY:
        raise TooLargeError("The request is too large.")
    try:
        told = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The request is not JSON.") from error
    if not isinstance(told, dict):
        raise InvalidRequestError("The request must be a JSON object.")
    return told


def check_names(told: dict[str, Any], known: set[str]) -> None:
    """Refuse what nobody would look at: a misspelt name must not go unnoticed."""
    if unknown := sorted(told.keys() - known):
        raise InvalidRequestError(
            f"{unknown[0]!r} isn't known; there are {', '.join(sorted(known))}."
        )


def text(told: dict[str, Any], name: str, usual: str | None = None) -> str | None:
    """Give a text; None where it isn't there and there is nothing usual."""
    value = told.get(name, usual)
    if value is not None and not isinstance(value, str):
        raise InvalidRequestError(f"`{name}` must be a text.")
    return value


def needed_text(told: dict[str, Any], name: str) -> str:
    """Give a text that must be there."""
    value = text(told, name)
    if value is None:
        raise InvalidRequestError(f"`{name}` is missing.")
    return value


def number(told: dict[str, Any], name: str) -> float | None:
    """Give a number that isn't negative, or None."""
    value = told.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequestError(f"`{name}` must be a number.")
    if not 0 <= value <= _LARGEST_NUMBER:
        raise InvalidRequestError(f"`{name}` is out of bounds.")
    return value


def names(told: dict[str, Any], name: str) -> list[str]:
    """Give a list of texts."""
    value = told.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidRequestError(f"`{name}` must be a list of texts.")
    return value


def terms(told: dict[str, Any]) -> Terms:
    """Give what an invitation is to be like."""
    check_names(told, {"role", "expires_at", "max_uses", "team"})
    uses = number(told, "max_uses")
    if uses is not None and uses != int(uses):
        raise InvalidRequestError("`max_uses` must be a whole number.")
    return Terms(
        needed_text(told, "role"),
        number(told, "expires_at"),
        None if uses is None else int(uses),
        team=text(told, "team") or "",
    )
