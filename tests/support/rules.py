"""Reads the tables of `docs/sharing-rules.md`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codesyncx_server.access.model import (
    EVERYONE,
    PROJECT,
    ROLES,
    Grant,
    Permission,
    Person,
    Resource,
    Subject,
    SubjectKind,
    permissions_of,
)
from codesyncx_server.access.policy import Policy

from .servers import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = REPOSITORY / "docs" / "sharing-rules.md"
DAY = 86_400.0
GUEST = "guest-1"
_USUAL_TIME = "9:00"
_GRANT = re.compile(r"(group |link )?(\w+) ([\w+]+) on (\S+?)(?: until (\d+:\d\d))?$")
_WHO = re.compile(r"(\w+)(, the server's owner)?(?: in ([\w, ]+))?(?: of (\w+))?$")


class UnreadableRuleError(ValueError):
    """A line of the page that isn't written as it should be."""


@dataclass(frozen=True)
class Rule:
    """One line of a table."""

    section: str
    left: str
    middle: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} | {self.middle}"


def rules(heading: str) -> Iterator[Rule]:
    """Give every line of the table below a heading."""
    text = PAGE.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    section = ""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or cells[0] in {"Grants", "---"}:
            continue
        if cells[0].startswith("**"):
            section = cells[0].strip("*")
            continue
        yield Rule(section, *cells)


def time_of(text: str | None) -> float:
    """Give the seconds of a time of the day."""
    hours, minutes = (text or _USUAL_TIME).split(":")
    return DAY + int(hours) * 3600 + int(minutes) * 60


def grant_of(text: str, number: int) -> Grant:
    """Read one grant."""
    match = _GRANT.match(text)
    if match is None:
        raise UnreadableRuleError(text)
    kind, name, what, place, until = match.groups()
    subject = Subject(SubjectKind((kind or "user ").strip()), name)
    if text.startswith("everyone "):
        subject = EVERYONE
    if name == "guest":
        subject = Subject(SubjectKind.USER, GUEST)
    role = what if what in ROLES else None
    permissions = permissions_of(role, () if role else what.split("+"))
    expires_at = time_of(until) if until else None
    return Grant(number, subject, resource_of(place), permissions, role, expires_at)


def resource_of(text: str) -> Resource:
    """Read a place."""
    if text == "project":
        return PROJECT
    path, _, range_id = text.rstrip("]").partition("[")
    return Resource(path, range_id or None)


def policy_of(text: str, person: Person) -> Policy:
    """Read the grants; `person` is a guest as whom a grant may name one."""
    parts = [] if text == "none at all" else text.split("; ")
    default = None
    if parts and parts[0].startswith("default "):
        role = parts.pop(0).removeprefix("default ")
        default = Grant(0, EVERYONE, PROJECT, ROLES[role], role)
    grants = [grant_of(part, number) for number, part in enumerate(parts, start=1)]
    link = person.link or ("tour" if "link tour" in text else None)
    return Policy(grants, None, default, {GUEST: link or "tour"})


def person_of(text: str) -> Person:
    """Read who asks."""
    match = _WHO.match(text)
    if match is None:
        raise UnreadableRuleError(text)
    name, owner, groups, link = match.groups()
    if name == "guest":
        return Person(GUEST, link=link)
    named = frozenset(groups.split(", ")) if groups else frozenset()
    return Person(name, named, is_owner=bool(owner))


@dataclass(frozen=True)
class Question:
    """Who asks to do what, when."""

    person: Person
    permission: Permission
    resource: Resource
    now: float


def question_of(text: str) -> Question:
    """Read a question."""
    who, _, what = text.partition(": ")
    what, _, time = what.partition(" at ")
    permission, _, place = what.partition(" ")
    return Question(
        person_of(who), Permission(permission), resource_of(place), time_of(time or None)
    )


@dataclass(frozen=True)
class Deed:
    """Who gives or takes back what."""

    person: Person
    grant: Grant
    is_taken_back: bool


def deed_of(text: str) -> Deed:
    """Read a deed; a grant that is taken back has the number that it has in `policy`."""
    who, _, what = text.partition(": ")
    is_taken_back = who.endswith(" takes back")
    person = person_of(who.removesuffix(" takes back"))
    return Deed(person, grant_of(what, 0), is_taken_back)


def number_in(policy: Policy, grant: Grant) -> Grant:
    """Give the grant as it stands in `policy`."""
    (found,) = [one for one in policy.grants if replace(one, id=0) == grant]
    return found
