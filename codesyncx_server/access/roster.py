"""Who is in a project by the word of a Hub's projects service: the server's copy of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequestError
from .model import NO_ACCESS, ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_PEOPLE = 10_000
MOST_TEAMS = 1_000
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody's role on the whole project, the teams, and what people are called.

    A higher `revision` is newer.
    """

    revision: int
    roles: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give it as it goes over the wire; `read_roster` reads that."""
        return {
            "revision": self.revision,
            "roles": dict(self.roles),
            "teams": {name: sorted(members) for name, members in self.teams.items()},
            "names": dict(self.names),
        }


def read_roster(told: Any) -> Roster:
    """Read what a projects service tells; InvalidRequestError for anything but a roster."""
    if not isinstance(told, dict):
        raise InvalidRequestError("A roster is a JSON object.")
    revision, teams = told.get("revision"), told.get("teams")
    if not isinstance(revision, int) or isinstance(revision, bool) or revision < 0:
        raise InvalidRequestError("A roster has a revision, a whole number.")
    roles, names = _texts(told.get("roles"), "roles"), _texts(told.get("names"), "names")
    for role in roles.values():
        if role not in ROLES or role == NO_ACCESS:
            raise InvalidRequestError(f"There is no role {role!r} in a project.")
    if not isinstance(teams, dict) or len(teams) > MOST_TEAMS:
        raise InvalidRequestError(f"A roster has at most {MOST_TEAMS} teams, by name.")
    return Roster(revision, roles, {_name(one): _members(teams[one]) for one in teams}, names)


def _texts(told: Any, what: str) -> dict[str, str]:
    if not isinstance(told, dict) or len(told) > MOST_PEOPLE:
        raise InvalidRequestError(f"A roster has {what} of at most {MOST_PEOPLE} people.")
    return {_name(key): _name(value) for key, value in told.items()}


def _members(told: Any) -> frozenset[str]:
    if not isinstance(told, list) or len(told) > MOST_PEOPLE:
        raise InvalidRequestError(f"A team has at most {MOST_PEOPLE} members.")
    return frozenset(map(_name, told))


def _name(told: Any) -> str:
    if not isinstance(told, str) or not 0 < len(told) <= _LONGEST:
        raise InvalidRequestError(f"A name is a text of 1 to {_LONGEST} characters.")
    return told
