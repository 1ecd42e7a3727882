from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from codesyncx_hub.sign_in.addresses import domain_of, normalised, normalised_domain
from codesyncx_hub.sign_in.errors import AddressError
from codesyncx_hub.sign_in.names import (
    LONGEST_NAME,
    is_of_a_project,
    name_of_address,
    name_of_subject,
)

LOCAL = st.text("abcABC012.!#$%&'*+-/=?^_`{|}~p", min_size=1, max_size=64)
DOMAIN = st.sampled_from(["example.org", "EXAMPLE.org", "münchen.de", "exаmple.org"])  # noqa: RUF001 - a Cyrillic letter


def addresses() -> st.SearchStrategy[str]:
    """Give addresses that mail can go to, in their one spelling."""

    def one_spelling(parts: tuple[str, str]) -> str | None:
        try:
            return normalised("@".join(parts))
        except AddressError:
            return None

    spelled = st.tuples(LOCAL, DOMAIN).map(one_spelling)
    return spelled.filter(lambda each: each is not None).map(str)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("ada@example.org", "ada@example.org"),
        (" ada@example.org ", "ada@example.org"),
        ("Ada.Lovelace@Example.ORG", "ada.lovelace@example.org"),
        ("ada+course@example.org", "ada+course@example.org"),
        ("ada@münchen.de", "ada@xn--mnchen-3ya.de"),
        ("ada@ｅxample.org", "ada@example.org"),  # noqa: RUF001 - a wide letter
        ("ada@exаmple.org", "ada@xn--exmple-4nf.org"),  # noqa: RUF001 - a Cyrillic letter
    ],
)
def test_an_address_has_one_spelling(typed: str, address: str) -> None:
    assert normalised(typed) == address
    assert normalised(address) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org\n",
        "ada\r\n@example.org",
        "ada@example.org, eve@example.org",
        "Ada <ada@example.org>",
        '"ada eve"@example.org',
        "ada@[127.0.0.1]",
        "аda@example.org",  # noqa: RUF001 - a Cyrillic letter
        "\u212a@example.org",
        "ada@example.org\0",
        "ada\u202e@example.org",
        f"{'a' * 65}@example.org",
        f"ada@{'a' * 250}.org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(AddressError):
        normalised(typed)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = normalised(text)
    except AddressError:
        return
    assert re.fullmatch(r"[!-~]+@[a-z0-9.-]+", address)
    assert normalised(address) == address


def test_domains_are_compared_in_one_spelling() -> None:
    assert domain_of(normalised("ada@MÜNCHEN.de")) == normalised_domain("münchen.de")
    with pytest.raises(AddressError):
        normalised_domain("example.org\nother.org")


@given(addresses(), addresses())
@example("p-ada@example.org", "=70-ada@example.org")
def test_two_addresses_never_give_one_name(one: str, other: str) -> None:
    assume(one != other)
    assert name_of_address(one) != name_of_address(other)


@given(addresses())
@example("p-ada@example.org")
def test_no_address_gives_a_name_of_a_project_or_one_that_the_hub_refuses(address: str) -> None:
    name = name_of_address(address)
    assert not is_of_a_project(name)
    assert re.fullmatch(r"[a-z0-9._+=-]+@[a-z0-9.-]+", name)
    assert len(name) <= LONGEST_NAME


def test_a_common_address_is_a_name_as_it_is() -> None:
    assert name_of_address("ada.lovelace+x@example.org") == "ada.lovelace+x@example.org"
    assert name_of_address("p-7@example.org") == "=70-7@example.org"


@given(st.text(min_size=1), st.text(min_size=1), addresses())
@example("ABC", "abc", "abc@example.org")
@example("a" * 300, "a" * 301, "abc@example.org")
def test_two_subjects_never_give_one_name_nor_that_of_an_address(
    one: str, other: str, address: str
) -> None:
    assume(one != other)
    assume(not any("\ud800" <= each <= "\udfff" for each in one + other))
    names = [name_of_subject("oidc", one), name_of_subject("oidc", other)]
    assert names[0] != names[1]
    assert name_of_address(address) not in names
    assert all(len(name) <= LONGEST_NAME and name == name.lower() for name in names)


def test_the_same_subject_of_two_providers_is_two_people() -> None:
    assert name_of_subject("github", "7") == "github-7"
    assert name_of_subject("google", "7") == "google-7"


@pytest.mark.parametrize("way", ["p", "", "a-b", "GitHub", "1", "a/b", "p-"])
def test_a_way_that_would_mix_names_up_is_refused(way: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        name_of_subject(way, "7")


@pytest.mark.parametrize("name", ["p-", "p-1", "P-1", "p-ada@example.org"])
def test_names_of_projects_are_known(name: str) -> None:
    assert is_of_a_project(name)
    assert not is_of_a_project(f"x{name}")
