from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import access_worlds as worlds
from support.rules import Rule, policy_of, question_of, rules

from codesyncx_server.access.model import (
    EVERYONE,
    EVERYTHING,
    NOTHING,
    PROJECT,
    Permission,
    Person,
    Resource,
    Subject,
    SubjectKind,
)
from codesyncx_server.access.policy import Policy, Reason

if TYPE_CHECKING:
    from codesyncx_server.access.model import Grant, Permissions

CASES = list(rules("Who may do what"))


@pytest.mark.parametrize("rule", CASES, ids=str)
def test_the_answer_is_the_one_in_the_docs(rule: Rule) -> None:
    question = question_of(rule.middle)
    person = question.person
    policy = policy_of(rule.left, person)
    expected = {"yes": True, "no": False}[rule.right]
    now = question.now
    assert policy.allows(person, question.permission, question.resource, now) is expected

    # Groups may also be the project's own, instead of the identity provider's.
    own = Policy(policy.grants, {person.username: person.groups}, policy.default, policy.guests)
    plain = Person(person.username, link=person.link, is_owner=person.is_owner)
    assert own.allows(plain, question.permission, question.resource, now) is expected


def test_the_docs_tell_a_case_of_every_rule() -> None:
    assert len(CASES) >= 100
    assert {rule.right for rule in CASES} == {"yes", "no"}
    assert len({rule.section for rule in CASES}) == 11


# -- against a slow reading of the rules ----------------------------------------------------------


def slow_permissions(policy: Policy, person: Person, resource: Resource, now: float) -> Permissions:
    """Give what `Policy.permissions` should, by the words of its docstring."""
    if person.is_owner:
        return EVERYTHING
    mine = slow_tiers(policy, person)
    at_project = slow_at(policy, mine, PROJECT, now)
    if at_project is not None and Permission.ADMIN in at_project:
        return EVERYTHING
    for place in resource.places():
        found = slow_at(policy, mine, place, now)
        if found is not None:
            return found
    return NOTHING


def slow_tiers(policy: Policy, person: Person) -> list[set[Subject]]:
    named = {Subject(SubjectKind.USER, person.username)}
    if person.link is not None:
        return [named | {Subject(SubjectKind.LINK, person.link)}]
    if person.username in policy.guests:
        named = set()
    groups = person.groups | policy.groups.get(person.username, frozenset())
    return [named, {Subject(SubjectKind.GROUP, group) for group in groups}, {EVERYONE}]


def slow_at(
    policy: Policy, tiers: list[set[Subject]], place: Resource, now: float
) -> Permissions | None:
    grants: list[Grant] = [
        grant for grant in policy.grants if grant.resource == place and grant.holds(now)
    ]
    if place == PROJECT and policy.default and all(one.subject != EVERYONE for one in grants):
        grants.append(policy.default)
    found: set[Permission] | None = None
    for tier in tiers:
        here = [grant.permissions for grant in grants if grant.subject in tier]
        if here:
            found = (found or set()).union(*here)
        if frozenset() in here:
            break
    return None if found is None else frozenset(found)


@given(worlds.policies(), worlds.people(), worlds.places(), worlds.times())
def test_it_agrees_with_a_slow_reading_of_the_rules(
    policy: Policy, person: Person, place: Resource, now: float
) -> None:
    expected = slow_permissions(policy, person, place, now)
    assert policy.permissions(person, place, now) == expected
    for permission in Permission:
        decision = policy.decide(person, permission, place, now)
        assert decision.allowed is (permission in expected)
        assert policy.allows(person, permission, place, now) is decision.allowed
        if decision.why is Reason.GRANTED:
            assert any(permission in grant.permissions for grant in decision.grants)


@given(worlds.policies(), worlds.people(), worlds.times())
def test_covering_a_folder_means_having_it_everywhere_in_it(
    policy: Policy, person: Person, now: float
) -> None:
    everywhere = [place for place in worlds.PLACES if place.path.startswith("a")]
    least = frozenset.intersection(
        *(policy.permissions(person, place, now) for place in everywhere)
    )
    assert policy.covers(person, least, "a", now)
    for permission in EVERYTHING - least:
        assert not policy.covers(person, frozenset({permission}), "a", now)


@given(worlds.policies(), worlds.people(), worlds.times())
def test_a_folder_shows_exactly_when_something_in_it_may_be_read(
    policy: Policy, person: Person, now: float
) -> None:
    readable = any(
        policy.allows(person, Permission.READ, place, now)
        for place in worlds.PLACES
        if place.path.startswith("a")
    )
    assert policy.reaches(person, "a", now) is readable
    may_share = any(policy.allows(person, Permission.SHARE, place, now) for place in worlds.PLACES)
    assert policy.allows_within(person, Permission.SHARE, "", now) is may_share


@given(worlds.policies(), st.sampled_from(worlds.USERS), worlds.places(), worlds.times())
def test_no_grant_locks_out_the_owner_of_the_server(
    policy: Policy, name: str, place: Resource, now: float
) -> None:
    assert policy.permissions(Person(name, is_owner=True), place, now) == EVERYTHING


@given(worlds.policies(), worlds.people(), worlds.places(), worlds.times())
def test_no_grant_locks_out_an_owner_of_the_project(
    policy: Policy, person: Person, place: Resource, now: float
) -> None:
    if policy.allows(person, Permission.ADMIN, PROJECT, now):
        assert policy.permissions(person, place, now) == EVERYTHING
        assert policy.ranges(person, place.path, now) == {}


@given(worlds.policies(), worlds.people(), worlds.times())
def test_guests_are_never_trusted_with_the_servers_own_user(
    policy: Policy, person: Person, now: float
) -> None:
    if person.is_guest:
        assert not policy.is_trusted(person, now)
