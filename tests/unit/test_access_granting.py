from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import access_worlds as worlds
from support.rules import Rule, deed_of, number_in, policy_of, rules, time_of

from codesyncx_server.access.granting import check_grant, check_groups, check_revoke
from codesyncx_server.access.model import (
    EVERYTHING,
    PROJECT,
    Grant,
    Permission,
    Person,
    Resource,
    Subject,
    SubjectKind,
)
from codesyncx_server.errors import CodeSyncXError, RefusedError

if TYPE_CHECKING:
    from codesyncx_server.access.policy import Policy

CASES = list(rules("Who may hand out what"))
NOW = worlds.TIMES[0]


@pytest.mark.parametrize("rule", CASES, ids=str)
def test_what_may_be_handed_out_is_as_in_the_docs(rule: Rule) -> None:
    deed = deed_of(rule.middle)
    policy = policy_of(rule.left, deed.person)
    now = time_of(None)
    try:
        if deed.is_taken_back:
            check_revoke(policy, deed.person, number_in(policy, deed.grant), now)
        else:
            check_grant(policy, deed.person, deed.grant, now)
    except CodeSyncXError:
        answer = "no"
    else:
        answer = "yes"
    assert answer == rule.right


def test_the_docs_tell_a_case_of_every_rule() -> None:
    assert len(CASES) >= 50
    assert {rule.right for rule in CASES} == {"yes", "no"}


def is_within_what_they_have(before: Policy, after: Policy, granter: Person) -> None:
    """Check that nobody anywhere got or lost more than the granter has."""
    for place in worlds.PLACES:
        for moment in worlds.TIMES:
            own = before.permissions(granter, place, moment)
            for person in worlds.every_person():
                had = before.permissions(person, place, moment)
                has = after.permissions(person, place, moment)
                assert has - had <= own, (person, place, moment, has - had - own)
                if moment == NOW:
                    assert had - has <= own, (person, place, had - has - own)
                    assert had == has or Permission.SHARE in own, (person, place)


granters = st.sampled_from([one for one in worlds.every_person() if one.username != "stranger"])


@given(worlds.policies(), granters, worlds.grants())
def test_a_grant_gives_and_takes_nothing_that_isnt_the_granters(
    policy: Policy, granter: Person, grant: Grant
) -> None:
    try:
        check_grant(policy, granter, grant, NOW)
    except CodeSyncXError:
        return
    is_within_what_they_have(policy, policy.with_grants([*policy.grants, grant]), granter)


@given(worlds.policies(), granters, worlds.grants(), st.data())
def test_changing_a_grant_gives_and_takes_nothing_that_isnt_the_granters(
    policy: Policy, granter: Person, grant: Grant, data: st.DataObject
) -> None:
    assume(policy.grants)
    old = data.draw(st.sampled_from(policy.grants))
    new = replace(grant, id=old.id, subject=old.subject, resource=old.resource)
    try:
        check_grant(policy, granter, new, NOW)
    except CodeSyncXError:
        return
    others = [one for one in policy.grants if one.id != old.id]
    is_within_what_they_have(policy, policy.with_grants([*others, new]), granter)


@given(worlds.policies(), granters, st.data())
def test_taking_back_gives_and_takes_nothing_that_isnt_the_granters(
    policy: Policy, granter: Person, data: st.DataObject
) -> None:
    assume(policy.grants)
    grant = data.draw(st.sampled_from(policy.grants))
    try:
        check_revoke(policy, granter, grant, NOW)
    except CodeSyncXError:
        return
    others = [one for one in policy.grants if one.id != grant.id]
    is_within_what_they_have(policy, policy.with_grants(others), granter)


@given(worlds.policies(), granters, worlds.grants())
def test_what_is_given_was_the_granters_even_when_it_changes_nothing_yet(
    policy: Policy, granter: Person, grant: Grant
) -> None:
    try:
        check_grant(policy, granter, grant, NOW)
    except CodeSyncXError:
        return
    for moment in worlds.TIMES:
        if grant.holds(moment):
            assert grant.permissions <= policy.permissions(granter, grant.resource, moment)


@given(worlds.policies(), worlds.grants(), worlds.times())
def test_nothing_that_is_done_locks_an_owner_out(policy: Policy, grant: Grant, now: float) -> None:
    owner = Grant(99, Subject(SubjectKind.USER, "ada"), PROJECT, EVERYTHING, "owner")
    with_owner = policy.with_grants([*policy.grants, owner])
    ada, bob = Person("ada"), Person("bob")
    if not with_owner.is_owner(bob, now):
        with pytest.raises(RefusedError):
            check_revoke(with_owner, bob, owner, now)
    after = with_owner.with_grants([*with_owner.grants, grant])
    for place in worlds.PLACES:
        assert after.permissions(ada, place, now) == EVERYTHING


def test_only_an_owner_says_who_is_in_a_group() -> None:
    policy = policy_of("ada maintainer on project; bob owner on project", Person("x"))
    check_groups(policy, Person("bob"), 0)
    check_groups(policy, Person("eve", is_owner=True), 0)
    with pytest.raises(RefusedError, match="Only an owner may change groups"):
        check_groups(policy, Person("ada"), 0)


def test_a_refusal_says_what_and_where() -> None:
    policy = policy_of("ada maintainer on project; ada viewer on labs", Person("x"))
    grant = deed_of("ada: bob editor on project").grant
    with pytest.raises(
        RefusedError,
        match=r"You can't give more than you have: comment, create, .*, speak on labs\.",
    ):
        check_grant(policy, Person("ada"), grant, time_of(None))
    with pytest.raises(RefusedError, match=r"You may not share this part of x\.py\."):
        check_grant(policy, Person("bob"), replace(grant, resource=Resource("x.py", "r")), 0)
