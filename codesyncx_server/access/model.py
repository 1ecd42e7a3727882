"""The words of access: who, may do what, on what, and the grant that ties the three."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAX_PATH_LENGTH = 4096


class Permission(StrEnum):
    """One thing that a person may do."""

    READ = "read"
    EDIT = "edit"
    CREATE = "create"
    DELETE = "delete"
    EXECUTE = "execute"
    COMMENT = "comment"
    SPEAK = "speak"
    SHARE_SCREEN = "share_screen"
    SHARE = "share"
    ADMIN = "admin"


Permissions = frozenset[Permission]

NOTHING: Permissions = frozenset()
EVERYTHING: Permissions = frozenset(Permission)

_VIEWER = frozenset({Permission.READ})
_COMMENTER = _VIEWER | {Permission.COMMENT, Permission.SPEAK}
_RUNNER = _COMMENTER | {Permission.EXECUTE, Permission.SHARE_SCREEN}
_EDITOR = _RUNNER | {Permission.EDIT, Permission.CREATE, Permission.DELETE}
_MAINTAINER = _EDITOR | {Permission.SHARE}

#: The origin of what is changed on a Hub's projects page, and not here.
HUB = "hub"
NO_ACCESS = "none"
ROLES: Mapping[str, Permissions] = {
    "owner": EVERYTHING,
    "maintainer": _MAINTAINER,
    "editor": _EDITOR,
    "runner": _RUNNER,
    "commenter": _COMMENTER,
    "viewer": _VIEWER,
    NO_ACCESS: NOTHING,
}


class SubjectKind(StrEnum):
    """Kinds of those who may be granted something."""

    USER = "user"
    GROUP = "group"
    LINK = "link"
    EVERYONE = "everyone"


class Subject(NamedTuple):
    """To whom something is granted; the name of everyone is empty."""

    kind: SubjectKind
    name: str = ""


EVERYONE = Subject(SubjectKind.EVERYONE)


class Resource(NamedTuple):
    """What something is granted on: the project (``""``), a folder, a file, or a range of a file.

    `path` is relative to the project with `/` between its parts, as in Jupyter's contents API.
    """

    path: str = ""
    range_id: str | None = None

    def places(self) -> Iterable[Resource]:
        """Give the resource and all that hold it, the closest first."""
        if self.range_id is not None:
            yield self
        path = self.path
        while path:
            yield Resource(path)
            path = path.rpartition("/")[0]
        yield PROJECT


PROJECT = Resource()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks for something, by the word of the identity provider or of a link.

    `is_owner` says that the server itself is theirs.
    """

    username: str
    groups: frozenset[str] = frozenset()
    link: str | None = None
    is_owner: bool = False

    @property
    def is_guest(self) -> bool:
        """Whether an invite link is all that this person has."""
        return self.link is not None


@dataclass(frozen=True, slots=True)
class Grant:
    """A subject's permissions on a resource, by a role or one by one; times are Unix seconds."""

    id: int
    subject: Subject
    resource: Resource
    permissions: Permissions
    role: str | None = None
    expires_at: float | None = None
    granted_by: str = ""
    granted_at: float = 0.0
    origin: str = ""
    """Where it is kept, if not here: `HUB` for what a Hub's projects service has told."""

    def holds(self, now: float) -> bool:
        """Whether it hasn't expired."""
        return self.expires_at is None or now < self.expires_at


def permissions_of(role: str | None, single: Iterable[str] = ()) -> Permissions:
    """Give what a role and single permissions come to; InvalidRequestError on unknown names."""
    if role is not None and role not in ROLES:
        raise InvalidRequestError(f"There is no role {role!r}.")
    found = set() if role is None else set(ROLES[role])
    for name in single:
        try:
            found.add(Permission(name))
        except ValueError as error:
            raise InvalidRequestError(f"There is no permission {name!r}.") from error
    if found:
        found.add(Permission.READ)  # nobody can do anything with what they can't see
    return frozenset(found)


def clean_path(text: str) -> str:
    """Give a path's one spelling, without `/` around it.

    InvalidRequestError for one that could mean another place than it says: with `..`, backslashes,
    control characters or halves of surrogate pairs.
    """
    if len(text) > _MAX_PATH_LENGTH:
        raise InvalidRequestError("The path is too long.")
    if any(ord(character) < ord(" ") or character in "\\\x7f" for character in text):
        raise InvalidRequestError("The path holds characters that no path may hold.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidRequestError("The path isn't valid text.")
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise InvalidRequestError("The path may not go up by '..'.")
    return "/".join(parts)
