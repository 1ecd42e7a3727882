"""Names of projects and teams as they may be shown, and the ids and secrets of new things."""

from __future__ import annotations

import secrets
import unicodedata

from codesyncx_server.errors import InvalidRequestError

from .model import PROJECT_PREFIX

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 1_000
LONGEST_USERNAME = 255
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
#: Read aloud and typed by people: nothing that looks like something else.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_ID_LENGTH = 10


def new_project_id() -> str:
    """Give an id that no other project has; it becomes part of host names and paths."""
    # A letter first, as some host names ask for.
    first = secrets.choice(_LETTERS[:23])
    return first + "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH - 1))


def clean_name(text: str, what: str = "project") -> str:
    """Give a name in one line of visible characters; InvalidRequestError if that can't be."""
    name = _visible(text)
    if not name:
        raise InvalidRequestError(f"A {what} needs a name.")
    if len(name) > LONGEST_NAME:
        raise InvalidRequestError(
            f"The name of a {what} may have {LONGEST_NAME} characters; this one has {len(name)}."
        )
    return name


def clean_description(text: str) -> str:
    """Give a description in one line; InvalidRequestError if it is too long."""
    description = _visible(text)
    if len(description) > LONGEST_DESCRIPTION:
        raise InvalidRequestError(
            f"A description may have {LONGEST_DESCRIPTION} characters; this one has"
            f" {len(description)}."
        )
    return description


def clean_username(text: str) -> str:
    """Give a user name of the Hub; InvalidRequestError for what can't be one."""
    name = text.strip()
    if not 0 < len(name) <= LONGEST_USERNAME or _visible(name) != name:
        raise InvalidRequestError(f"{text[:50]!r} is no user name.")
    if name.startswith(PROJECT_PREFIX):
        raise InvalidRequestError(f"{name} is a project's own name, and nobody's.")
    return name


def _visible(text: str) -> str:
    visible = "".join(
        " " if unicodedata.category(character) in _SPACES or character in "\t\n\r" else character
        for character in unicodedata.normalize("NFC", text)
        if unicodedata.category(character) not in _HIDDEN or character in "\t\n\r"
    )
    return " ".join(visible.split())
