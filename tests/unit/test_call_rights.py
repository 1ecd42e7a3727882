from __future__ import annotations

import pytest

from codesyncx_media.rights import Right
from codesyncx_server.access.model import ROLES, Permission, Permissions
from codesyncx_server.calls.rights import call_rights

EVERYTHING = set(Right)


class Sight:
    """Of somebody who has these permissions on the project."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    def may(self, permission: Permission, path: str) -> bool:
        return path == "" and permission in self._permissions


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("owner", EVERYTHING),
        ("maintainer", EVERYTHING),
        ("editor", {Right.SPEAK, Right.SHARE_SCREEN}),
        ("runner", {Right.SPEAK, Right.SHARE_SCREEN}),
        ("commenter", {Right.SPEAK}),
        ("viewer", set()),
        ("none", None),
    ],
)
def test_a_role_on_the_project_says_what_one_may_do_in_its_calls(
    role: str, expected: set[Right] | None
) -> None:
    assert call_rights(Sight(ROLES[role])) == expected


def test_whoever_may_speak_is_in_the_call_without_reading_everything() -> None:
    assert call_rights(Sight(frozenset({Permission.SPEAK}))) == {Right.SPEAK}


def test_a_single_permission_that_only_adds_to_a_call_lets_nobody_in() -> None:
    assert call_rights(Sight(frozenset({Permission.SHARE_SCREEN}))) is None
