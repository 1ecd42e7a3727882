"""Small projects at random: few people, groups and places, so that much meets."""

from __future__ import annotations

from hypothesis import strategies as st

from codesyncx_server.access.model import (
    EVERYONE,
    NO_ACCESS,
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

USERS = ("ada", "bob", "stranger")
GROUPS = ("students", "tutors")
LINKS = ("tour",)
GUESTS = {"guest-1": "tour", "guest-2": "tour"}
TIMES = (0.0, 10.0, 20.0, 30.0)
PLACES = (
    PROJECT,
    Resource("a"),
    Resource("a/b"),
    Resource("a/b/x.py"),
    Resource("a/b/x.py", "r1"),
    Resource("a/b/x.py", "r2"),
    Resource("a/c"),
    Resource("d"),
)
_SINGLE = (Permission.READ, Permission.EDIT, Permission.SHARE, Permission.EXECUTE)


def places() -> st.SearchStrategy[Resource]:
    return st.sampled_from(PLACES)


def times() -> st.SearchStrategy[float]:
    return st.sampled_from(TIMES)


def every_person() -> list[Person]:
    """Give everybody whom such a project can meet."""
    groups = [frozenset(), frozenset(GROUPS[:1]), frozenset(GROUPS[1:]), frozenset(GROUPS)]
    return [
        *(Person(name, group) for name in USERS for group in groups),
        *(Person(name, link=link) for name, link in GUESTS.items()),
        Person("guest-3", link="tour"),
        Person("guest-1"),
    ]


def people() -> st.SearchStrategy[Person]:
    return st.sampled_from(every_person())


def subjects() -> st.SearchStrategy[Subject]:
    return st.sampled_from(
        [
            *(Subject(SubjectKind.USER, name) for name in (*USERS[:2], "guest-1")),
            *(Subject(SubjectKind.GROUP, name) for name in GROUPS),
            *(Subject(SubjectKind.LINK, name) for name in LINKS),
            EVERYONE,
        ]
    )


@st.composite
def grants(draw: st.DrawFn, number: int = 0) -> Grant:
    role = draw(st.sampled_from([*ROLES, NO_ACCESS, "maintainer", None, None]))
    single = draw(st.frozensets(st.sampled_from(_SINGLE))) if role is None else frozenset()
    resource = draw(places())
    subject = draw(subjects())
    if role == "owner" and (subject.kind is not SubjectKind.USER or resource != PROJECT):
        role = "maintainer"
    expires_at = draw(st.sampled_from([None, None, *TIMES[1:]]))
    permissions = permissions_of(role, single)
    return Grant(number, subject, resource, permissions, role, expires_at)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    count = draw(st.integers(0, 9))
    made = [draw(grants(number)) for number in range(1, count + 1)]
    groups = draw(st.sampled_from([{}, {"ada": frozenset({"students"})}]))
    default = draw(st.sampled_from([None, None, "viewer", "editor"]))
    grant = Grant(0, EVERYONE, PROJECT, ROLES[default], default) if default else None
    return Policy(made, groups, grant, GUESTS)
