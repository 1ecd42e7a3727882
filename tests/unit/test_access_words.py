"""What access says and counts: links, tries, refusals, sentences, paths."""

from __future__ import annotations

import pytest
from support.rules import person_of, policy_of, question_of

from codesyncx_server.access import explain, links
from codesyncx_server.access.attempts import Attempts, network_of
from codesyncx_server.access.audit import MOST_WAITING, Entry, Refusals, What
from codesyncx_server.access.links import Link, check_usable, clean_name, fits, secret_of
from codesyncx_server.access.model import clean_path, permissions_of
from codesyncx_server.errors import InvalidRequestError, RefusedError, TooManyError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


# -- tries ----------------------------------------------------------------------------------------


def test_one_address_may_try_so_often_and_then_again_later() -> None:
    clock = Clock()
    attempts = Attempts(for_one=3, overall=100, seconds=60, clock=clock)
    for _ in range(3):
        attempts.begin("10.0.0.1")
    with pytest.raises(TooManyError, match="too many tries"):
        attempts.begin("10.0.0.1")
    attempts.begin("10.0.0.2")
    clock.now += 61
    attempts.begin("10.0.0.1")


def test_wrong_tries_from_everywhere_close_the_door_for_a_while() -> None:
    clock = Clock()
    attempts = Attempts(for_one=3, overall=5, seconds=60, clock=clock)
    for number in range(5):
        attempts.begin(f"10.0.0.{number}")
        attempts.failed()
    with pytest.raises(TooManyError):
        attempts.begin("10.0.0.99")
    clock.now += 61
    attempts.begin("10.0.0.99")


def test_trying_from_very_many_addresses_takes_no_memory() -> None:
    attempts = Attempts(for_one=1, overall=5)
    for number in range(12_000):
        attempts.begin(str(number))
    assert len(attempts._by_name) <= 10_001


def test_a_whole_network_of_ipv6_is_one_who_tries() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1")
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("10.0.0.1") != network_of("10.0.0.2")
    assert network_of("no address") == "no address"


# -- refusals -------------------------------------------------------------------------------------


def test_the_same_refusal_again_is_only_counted() -> None:
    refusals = Refusals(merge_s=60)
    for second in range(50):
        refusals.note("ada", "edit", "a.py", 1000.0 + second)
    assert [entry.detail for entry in refusals.take()] == [{"permission": "edit"}]
    refusals.note("ada", "edit", "a.py", 1061.0)
    assert [entry.detail for entry in refusals.take()] == [{"permission": "edit", "repeated": 49}]


def test_nobody_fills_the_audit_log_by_being_refused() -> None:
    refusals = Refusals(per_person=60, overall=300)
    for number in range(5000):
        refusals.note(f"robot {number % 20}", "read", str(number) + "x" * 5000, 1000.0)
    entries = refusals.take()
    assert len(entries) == 300
    assert max(len(entry.path) for entry in entries) == 512
    refusals.note("ada", "read", "a.py", 1000.0 + 3600)
    told = refusals.take()
    assert [entry.detail for entry in told] == [{"unwritten": 4700}, {"permission": "read"}]


def test_one_person_leaves_room_for_what_others_are_refused() -> None:
    refusals = Refusals(per_person=60, overall=300)
    for number in range(1000):
        refusals.note("eve", "read", str(number), 1000.0)
    refusals.note("ada", "read", "a.py", 1000.0)
    assert [entry.who for entry in refusals.take()] == ["eve"] * 60 + ["ada"]


def test_what_could_not_be_written_waits_but_not_without_bound() -> None:
    refusals = Refusals()
    entries = [Entry(1.0, "ada", What.REFUSED) for _ in range(MOST_WAITING + 5)]
    refusals.put_back(entries)
    assert len(refusals.take()) == MOST_WAITING


# -- links ----------------------------------------------------------------------------------------


def link(**more: object) -> Link:
    facts = {"max_uses": None, "uses": 0, "ended": None, **more}
    return Link("abc", "", "", 1, created_by="ada", created_at=0.0, **facts)  # type: ignore[arg-type]


def test_only_its_own_secret_fits_a_link() -> None:
    secret = secret_of("abc")
    one = Link("abc", "", links.hash_of(secret), 1, None, 0, "ada", 0.0)
    assert links.link_id_in(secret) == "abc"
    assert fits(secret, one)
    assert not fits(secret_of("abc"), one)
    assert not fits(secret, None)
    assert secret not in repr(one)


@pytest.mark.parametrize(
    ("state", "is_over", "message"),
    [
        ({"ended": "revoked"}, True, "was taken back"),
        ({"ended": "expired"}, True, "has expired"),
        ({}, True, "has expired"),
        ({"max_uses": 2, "uses": 2}, False, "as often as it may"),
    ],
)
def test_a_link_says_why_it_lets_nobody_in(
    state: dict[str, object],
    is_over: bool,  # noqa: FBT001 - a column of the table
    message: str,
) -> None:
    with pytest.raises(RefusedError, match=message):
        check_usable(link(**state), is_over=is_over)
    check_usable(link(max_uses=2, uses=1), is_over=False)


def test_a_guests_name_is_one_visible_line() -> None:
    assert clean_name("  Ada\u202e \n Love\u00a0lace\u200b\u0000 ") == "Ada Love lace"
    assert clean_name("Ame\u0301lie") == "Amélie"
    for bad in ("", " \u200b\n", "x" * 65):
        with pytest.raises(InvalidRequestError):
            clean_name(bad)


# -- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grants", "question", "sentence"),
    [
        (
            "none at all",
            "ada: edit a.py",
            "You may not change a.py: nobody has given you access.",
        ),
        (
            "ada viewer on project",
            "ada: edit a.py",
            "You may not change a.py: you have the role viewer on the project{but}",
        ),
        (
            "group students viewer on labs; everyone editor on project",
            "ada in students: edit labs",
            "You may not change labs: the group students has the role viewer on labs{but}",
        ),
        (
            "everyone none on solutions",
            "ada: read solutions/1.py",
            "You may not see solutions/1.py: everyone in the project has no access to solutions.",
        ),
        (
            "link tour read+comment on docs",
            "guest of tour: share docs",
            "You may not share docs: everyone with your link has comment, read on docs{but}",
        ),
        (
            "ada read on a.py[x]",
            "ada: edit a.py[x]",
            "You may not change this part of a.py: you have read on this part of a.py{but}",
        ),
    ],
)
def test_a_refusal_says_what_and_why(grants: str, question: str, sentence: str) -> None:
    asked = question_of(question)
    policy = policy_of(grants, asked.person)
    decision = policy.decide(asked.person, asked.permission, asked.resource, asked.now)
    expected = sentence.format(but=", and that doesn't include it.")
    assert explain.refusal(asked.permission, asked.resource, decision) == expected


def test_an_owner_hears_that_they_own_it() -> None:
    asked = question_of("ada, the server's owner: edit a.py")
    decision = policy_of("none at all", person_of("ada")).decide(
        asked.person, asked.permission, asked.resource, asked.now
    )
    assert explain.why(decision) == "you own this project."


# -- paths and permissions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path"),
    [("", ""), ("/", ""), ("a/b", "a/b"), ("/a//b/", "a/b"), ("./a/./b", "a/b"), ("ä/日", "ä/日")],
)
def test_a_path_has_one_spelling(text: str, path: str) -> None:
    assert clean_path(text) == path


@pytest.mark.parametrize(
    "text", ["..", "a/../b", "/..", "a\\b", "a\x00b", "a\nb", "a\x7f", "\ud800", "x" * 4097]
)
def test_a_path_that_could_mean_another_place_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        clean_path(text)


def test_whoever_may_do_something_may_see_it() -> None:
    assert permissions_of(None, ["edit"]) == {"read", "edit"}
    assert permissions_of("none") == frozenset()
    for bad in ("king", "Owner", ""):
        with pytest.raises(InvalidRequestError, match="There is no role"):
            permissions_of(bad)
    with pytest.raises(InvalidRequestError, match="There is no permission 'fly'"):
        permissions_of(None, ["fly"])
