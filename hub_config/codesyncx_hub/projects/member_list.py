"""A list of members as people paste it: a name, perhaps a role and a team, on each line."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesyncx_server.errors import InvalidRequestError, TooLargeError

from . import names
from .model import OWNER, PROJECT_ROLES
from .rules import listed_roles

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_LINES = 5_000
_TITLES = frozenset({"name", "username", "user", "login", "email"})
_MOST_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Listed:
    """One line that makes sense."""

    line: int
    username: str
    role: str
    team: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One line that doesn't, and why."""

    line: int
    text: str
    why: str


def read_list(pasted: str, usual_role: str) -> tuple[list[Listed], list[Complaint]]:
    """Read lines of `name[, role[, team]]`, by comma, semicolon or tab, perhaps with titles.

    Gives the lines that make sense and those that don't; a name that comes twice counts once.
    """
    lines = pasted.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > MOST_LINES:
        raise TooLargeError(f"A list may have {MOST_LINES} lines; this one has {len(lines)}.")
    found: dict[str, Listed] = {}
    complaints = []
    for number, line in enumerate(lines, 1):
        fields = _fields(line)
        if not any(fields) or (number == 1 and fields[0].casefold() in _TITLES):
            continue
        try:
            listed = _listed(number, fields, usual_role)
        except InvalidRequestError as error:
            complaints.append(Complaint(number, line[:200], str(error)))
            continue
        first = found.setdefault(listed.username, listed)
        if first is not listed:
            why = f"{listed.username} is in line {first.line} already."
            complaints.append(Complaint(number, line[:200], why))
    return list(found.values()), complaints


def _fields(line: str) -> list[str]:
    mark = max(",;\t", key=line.count)
    rows: Iterable[list[str]] = csv.reader([line], delimiter=mark)
    return [field.strip() for row in rows for field in row] or [""]


def _listed(number: int, fields: list[str], usual_role: str) -> Listed:
    if len(fields) > _MOST_COLUMNS:
        raise InvalidRequestError("There are more than a name, a role and a team.")
    name, role, team = [*fields, "", ""][:_MOST_COLUMNS]
    role = role.casefold() or usual_role
    if role not in PROJECT_ROLES or role == OWNER:
        raise InvalidRequestError(f"There is no role {role!r} to give; there are {listed_roles()}.")
    return Listed(
        number,
        names.clean_username(name),
        role,
        names.clean_name(team, "team") if team else "",
    )
