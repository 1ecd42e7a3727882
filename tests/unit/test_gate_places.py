from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from codesyncx_server.access.model import EVERYONE, Grant, Resource
from codesyncx_server.access.policy import Policy
from codesyncx_server.gate.places import OutsideError, Places, Spellings

if TYPE_CHECKING:
    from pathlib import Path


def policy_on(*paths: str) -> Policy:
    return Policy(
        Grant(number, EVERYONE, Resource(path), frozenset()) for number, path in enumerate(paths)
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("project/solutions", "project/open", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "project/solutions/x.py").write_text("secret")
    return tmp_path / "project"


def test_a_plain_path_has_one_name(root: Path) -> None:
    names = Places(root).names
    assert names("open/a.py", policy_on()) == {"open/a.py"}
    assert names("/open//a.py/", policy_on()) == {"open/a.py"}
    assert names("", policy_on()) == {""}
    assert names("not/there/yet", policy_on()) == {"not/there/yet"}


def test_a_link_has_the_name_of_what_it_leads_to_too(root: Path) -> None:
    (root / "open/link.py").symlink_to(root / "solutions/x.py")
    (root / "open/folder").symlink_to("../solutions")
    names = Places(root).names
    assert names("open/link.py", policy_on()) == {"open/link.py", "solutions/x.py"}
    assert names("open/folder/x.py", policy_on()) == {"open/folder/x.py", "solutions/x.py"}
    assert names("open/folder/new.py", policy_on()) == {"open/folder/new.py", "solutions/new.py"}


def test_a_link_out_of_the_project_leads_nowhere(root: Path) -> None:
    (root / "open/out").symlink_to(root.parent / "elsewhere")
    for path in ("open/out", "open/out/x", "../elsewhere", "open/../../x", "a\\b", "a\0b"):
        with pytest.raises(OutsideError):
            Places(root).names(path, policy_on())


def test_a_root_that_is_a_link_itself_is_the_project(root: Path) -> None:
    (root.parent / "alias").symlink_to(root)
    assert Places(root.parent / "alias").names("open/a", policy_on()) == {"open/a"}


def test_what_decodes_to_another_path_has_that_name_too(root: Path) -> None:
    names = Places(root).names
    assert names("solutions%2Fx.py", policy_on()) == {"solutions%2Fx.py", "solutions/x.py"}
    assert names("solutions%252Fx.py", policy_on()) >= {"solutions%252Fx.py", "solutions/x.py"}
    assert names("100%.txt", policy_on()) == {"100%.txt"}
    with pytest.raises(OutsideError):
        names("%2e%2e/x", policy_on())


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Solutions/x.py", "solutions/x.py"),
        ("SOLUTIONS", "solutions"),
        ("ｓolutions/x.py", "solutions/x.py"),  # noqa: RUF001  a full-width letter
        ("ﬁles/a", "files/a"),
        ("cafe\u0301/a", "café/a"),
        ("STRASSE/a", "straße/a"),
    ],
)
def test_a_look_alike_counts_where_the_disk_takes_it_for_the_same(asked: str, meant: str) -> None:
    spellings = Spellings(policy_on("solutions", "files", "café", "straße"))
    assert list(spellings.look_alikes(asked, lambda *_: True)) == [meant]
    assert not list(spellings.look_alikes(asked, lambda *_: False))


def test_the_disk_itself_is_asked_what_is_the_same(root: Path) -> None:
    # Two names of one file, as `A` and `a` are on a disk that doesn't tell them apart.
    os.link(root / "solutions/x.py", root / "solutions/X.py")
    (root / "Solutions").mkdir()
    names = Places(root).names
    policy = policy_on("solutions/x.py")
    assert names("solutions/X.py", policy) == {"solutions/X.py", "solutions/x.py"}
    assert names("Solutions/x.py", policy) == {"Solutions/x.py"}
