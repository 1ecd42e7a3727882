from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_hub.sign_in.profile import LONGEST_TEXT, profile_of_address, profile_of_claims

HOSTS = {"pictures.example.org"}
PICTURE = "https://pictures.example.org/ada.png?size=80"


@pytest.mark.parametrize(
    ("address", "name", "first"),
    [
        ("ada.lovelace@example.org", "Ada Lovelace", "Ada"),
        ("ada@example.org", "Ada", "Ada"),
        ("ada_b+course@example.org", "Ada B", "Ada"),
        ("s123456@example.org", "S123456", "S123456"),
        ("+@example.org", "+@example.org", "+@example.org"),
    ],
)
def test_an_address_tells_a_name(address: str, name: str, first: str) -> None:
    profile = profile_of_address(address)
    assert (profile.name, profile.display_name, profile.email) == (name, first, address)


@pytest.mark.parametrize(
    ("claims", "name", "first"),
    [
        ({"name": "Ada Lovelace", "given_name": "Ada"}, "Ada Lovelace", "Ada"),
        ({"given_name": "Ada", "family_name": "Lovelace"}, "Ada Lovelace", "Ada"),
        ({"name": "Mary Ann Evans"}, "Mary Ann Evans", "Mary"),
        ({"preferred_username": "ada"}, "ada", "ada"),
        ({}, "somebody", "somebody"),
        ({"name": ["Ada"], "given_name": 7}, "somebody", "somebody"),
        ({"name": "\u202eadA\u0000\n\tLovelace "}, "adA Lovelace", "adA"),
    ],
)
def test_what_a_provider_says_is_shown(claims: dict[str, Any], name: str, first: str) -> None:
    profile = profile_of_claims(claims, HOSTS, None, "somebody")
    assert (profile.name, profile.display_name) == (name, first)
    assert profile.email is None


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example.org/a.png",
        "https://elsewhere.example.org/a.png",
        "https://pictures.example.org.evil.example/a.png",
        "https://pictures.example.org@evil.example/a.png",
        "https://user@pictures.example.org/a.png",
        "https://pictures.example.org:8443/a.png",
        "https://pictures.example.org:x/a.png",
        "https://[/a.png",
        "javascript:alert(1)",
        "data:image/svg+xml,x",
        f"https://pictures.example.org/{'a' * 1000}",
        'https://pictures.example.org/"onload=\n',
        7,
    ],
)
def test_no_picture_is_asked_for_anywhere_else(url: object) -> None:
    assert profile_of_claims({"picture": url}, HOSTS, None, "ada").avatar_url is None


def test_it_has_the_shape_that_servers_take() -> None:
    claims = {"name": "Ada Lovelace", "given_name": "Ada", "picture": PICTURE}
    info = profile_of_claims(claims, HOSTS, "ada@example.org", "x").user_info("oidc-7")
    assert re.fullmatch(r"var\(--jp-collaborator-color[1-7]\)", info.pop("color"))
    assert info == {
        "name": "Ada Lovelace",
        "display_name": "Ada",
        "initials": "AL",
        "avatar_url": PICTURE,
        "email": "ada@example.org",
    }


@given(
    st.dictionaries(
        st.sampled_from(["name", "given_name", "family_name", "preferred_username", "picture"]),
        st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text())),
    )
)
def test_whatever_is_said_people_have_a_name_of_one_short_line(claims: dict[str, Any]) -> None:
    info = profile_of_claims(claims, HOSTS, None, "?").user_info("oidc-7")
    for key in ("name", "display_name", "initials"):
        assert info[key]
        assert len(info[key].splitlines()) == 1
        assert len(info[key]) <= 2 * LONGEST_TEXT + 1
