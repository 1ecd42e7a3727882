from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from codesyncx_server.access.model import (
    NO_ACCESS,
    ROLES,
    Grant,
    Permission,
    Person,
    Resource,
    Subject,
    SubjectKind,
)
from codesyncx_server.access.policy import Policy
from codesyncx_server.access.snapshot import RangeRecord
from codesyncx_server.collab.slice_names import SliceNames, name_of_part, read_name

ADA, EVE, GRACE = Person("ada"), Person("eve"), Person("grace", is_owner=True)
EDIT = frozenset({Permission.READ, Permission.EDIT})


@pytest.mark.parametrize(
    ("path", "number", "named"),
    [
        ("a/solver.py", 1, "a/solver.py"),
        ("a/solver.py", 2, "a/solver (part 2).py"),
        ("a.b/Makefile", 3, "a.b/Makefile (part 3)"),
        (".profile", 2, ".profile (part 2)"),
        ("x.tar.gz", 12, "x.tar (part 12).gz"),
    ],
)
def test_a_further_part_has_its_number_in_its_name(path: str, number: int, named: str) -> None:
    assert name_of_part(path, number) == named
    assert read_name(named) == (None if number == 1 else (path, number))


@pytest.mark.parametrize("path", ["solver.py", "a (part 1).py", "a (part 0).py", "a (part 02).py"])
def test_other_names_are_no_parts(path: str) -> None:
    assert read_name(path) is None


def _grant(number: int, name: str, path: str, range_id: str | None, permissions: Any) -> Grant:
    return Grant(number, Subject(SubjectKind.USER, name), Resource(path, range_id), permissions)


def _names(*grants: Grant, records: list[RangeRecord]) -> SliceNames:
    policy = Policy(grants)
    access: Any = SimpleNamespace(
        is_available=True,
        policy=policy,
        now=lambda: 0.0,
        allows=lambda person, permission, resource: policy.allows(
            person, permission, resource, 0.0
        ),
        ranges=SimpleNamespace(
            get={record.id: record for record in records}.get,
            of_path=lambda path: [record for record in records if record.path == path],
        ),
    )
    return SliceNames(access)


@pytest.fixture
def names() -> SliceNames:
    records = [
        RangeRecord("late", "src/a.py", "lines", {}, created_at=2.0),
        RangeRecord("first", "src/a.py", "lines", {}, created_at=1.0),
        RangeRecord("hers", "src/a.py", "lines", {}, created_at=0.0),
        RangeRecord("gone", "src/a.py", "lines", {}, state="lost"),
        RangeRecord("open", "b.py", "lines", {}),
    ]
    return _names(
        _grant(1, "ada", "src/a.py", "first", EDIT),
        _grant(2, "ada", "src/a.py", "late", EDIT),
        _grant(3, "eve", "src/a.py", "hers", EDIT),
        _grant(4, "ada", "src/a.py", "gone", EDIT),
        _grant(5, "ada", "b.py", None, ROLES["viewer"]),
        _grant(6, "ada", "b.py", "open", EDIT),
        _grant(7, "eve", "b.py", "open", ROLES[NO_ACCESS]),
        records=records,
    )


def test_everybody_finds_their_first_part_at_the_files_own_path(names: SliceNames) -> None:
    assert names.range_at(ADA, "src/a.py") == Resource("src/a.py", "first")
    assert names.range_at(ADA, "/src//a.py") == Resource("src/a.py", "first")
    assert names.range_at(EVE, "src/a.py") == Resource("src/a.py", "hers")
    assert names.range_at(ADA, "src/a (part 2).py") == Resource("src/a.py", "late")
    assert names.path_for(ADA, "late") == "src/a (part 2).py"
    assert names.path_for(EVE, "hers") == "src/a.py"


def test_nobody_finds_what_is_not_theirs(names: SliceNames) -> None:
    assert names.range_at(ADA, "src/a (part 3).py") is None
    assert names.range_at(EVE, "src/a (part 2).py") is None
    assert names.range_at(Person("heloise"), "src/a.py") is None
    assert names.range_at(ADA, "src/../src/a.py") is None
    assert names.path_for(EVE, "first") is None
    assert names.path_for(ADA, "gone") is None
    assert names.path_for(ADA, "unknown") is None


def test_who_may_read_the_file_sees_the_file(names: SliceNames) -> None:
    assert names.range_at(ADA, "b.py") is None
    assert names.range_at(GRACE, "src/a.py") is None
    assert names.path_for(ADA, "open") is None


def test_no_access_to_lines_is_no_part(names: SliceNames) -> None:
    assert names.range_at(EVE, "b.py") is None
