from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_hub.projects import names, rules
from codesyncx_hub.projects.model import (
    OWNER,
    PROJECT_ROLES,
    Deed,
    Membership,
    Project,
    ProjectState,
)
from codesyncx_server.access.model import ROLES
from codesyncx_server.errors import InvalidRequestError, NotFoundError, RefusedError

PROJECT = Project("abc", "Course", "ada", 0.0)
TEAM = Membership(PROJECT, {"ada": OWNER, "max": "maintainer", "ed": "editor", "vi": "viewer"})

people = st.sampled_from(["ada", "max", "ed", "vi", "eve"])
roles = st.sampled_from([None, *PROJECT_ROLES])
memberships = st.builds(
    lambda given, state: Membership(replace(PROJECT, state=state), given),
    st.dictionaries(people, st.sampled_from(PROJECT_ROLES)),
    st.sampled_from(ProjectState),
)


def test_a_stranger_doesnt_even_learn_that_a_project_is_there() -> None:
    for deed in Deed:
        with pytest.raises(NotFoundError):
            rules.require(TEAM, "eve", deed)


def test_members_open_managers_invite_and_owners_decide_on_the_whole() -> None:
    assert rules.deeds(TEAM, "vi") == {Deed.SEE, Deed.OPEN}
    assert Deed.INVITE in rules.deeds(TEAM, "max")
    assert Deed.DELETE not in rules.deeds(TEAM, "max")
    assert rules.deeds(TEAM, "ada") == set(Deed) - {Deed.RESTORE}
    archived = Membership(replace(PROJECT, state=ProjectState.ARCHIVED), TEAM.roles)
    assert Deed.OPEN not in rules.deeds(archived, "ada")
    assert {Deed.RESTORE, Deed.DELETE} <= rules.deeds(archived, "ada")
    with pytest.raises(RefusedError, match="it is archived"):
        rules.require(archived, "ada", Deed.OPEN)


def test_an_administrator_of_the_hub_looks_after_projects_but_not_into_them() -> None:
    assert rules.deeds(TEAM, "root", is_admin=True) == set(Deed) - {Deed.OPEN, Deed.RESTORE}


@given(memberships, people, people, roles)
def test_nobody_gives_or_takes_more_than_they_have(
    membership: Membership, by: str, who: str, role: str | None
) -> None:
    try:
        rules.check_role_change(membership, by, who, role)
    except (RefusedError, NotFoundError):
        return
    before = membership.roles.get(who)
    if role is None and who == by:
        return
    own = ROLES[membership.roles[by]]
    assert membership.roles[by] in {OWNER, "maintainer"}
    for one in (before, role):
        assert one is None or ROLES[one] <= own


@given(memberships, people, people, roles)
def test_a_project_that_has_an_owner_keeps_one(
    membership: Membership, by: str, who: str, role: str | None
) -> None:
    had = OWNER in membership.roles.values()
    try:
        rules.check_role_change(membership, by, who, role)
    except (RefusedError, NotFoundError):
        return
    after = {**membership.roles, who: role}
    assert not had or OWNER in after.values()


def test_everybody_may_go_but_the_last_owner() -> None:
    rules.check_role_change(TEAM, "vi", "vi", None)
    with pytest.raises(RefusedError, match="needs an owner"):
        rules.check_role_change(TEAM, "ada", "ada", None)
    with pytest.raises(RefusedError, match="needs an owner"):
        rules.check_role_change(TEAM, "ada", "ada", "viewer")


def test_owners_arent_made_by_invitation_nor_are_roles_that_there_arent() -> None:
    rules.check_gift(TEAM, "max", "maintainer")
    with pytest.raises(RefusedError):
        rules.check_gift(TEAM, "ada", OWNER)
    with pytest.raises(InvalidRequestError, match="There is no role 'none'; there are owner"):
        rules.check_gift(TEAM, "ada", "none")


def test_names_are_one_visible_line_within_bounds() -> None:
    assert names.clean_name("  Algo\u202erithms\n\t101 ") == "Algorithms 101"
    assert names.clean_name("e\u0301tude") == "\u00e9tude"
    for wrong in ("", " \u200b\n", "\u202e"):
        with pytest.raises(InvalidRequestError, match="needs a name"):
            names.clean_name(wrong)
    with pytest.raises(InvalidRequestError, match="this one has 300"):
        names.clean_name("x" * 300)
    for wrong in ("", "a\nb", "a\u202eb", "x" * 256):
        with pytest.raises(InvalidRequestError, match="is no user name"):
            names.clean_username(wrong)
    with pytest.raises(InvalidRequestError, match="a project's own name"):
        names.clean_username("p-abc")


def test_ids_are_fit_for_host_names_and_dont_repeat() -> None:
    ids = {names.new_project_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert all(one.isalnum() and one.islower() and one[0].isalpha() for one in ids)
