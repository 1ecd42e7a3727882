from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from codesyncx_media.errors import InvalidTokenError, TooManyError
from codesyncx_media.rights import EVERY_RIGHT, Right
from codesyncx_media.tokens import RoomName, RoomToken, SpentTokens, TokenKey

SECRET = b"0123456789abcdef0123456789abcdef"
KEY = TokenKey(SECRET)
ROOM = RoomName("orbits", "lecture")
NOW = 1_800_000_000.0


def token(**changes: Any) -> str:
    wanted: dict[str, Any] = {
        "person_id": "ada",
        "display_name": "Ada Lovelace",
        "rights": [Right.SPEAK],
        "now": NOW,
        **changes,
    }
    return KEY.sign(wanted.pop("room", ROOM), **wanted)


def forged(*, key: bytes = SECRET, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Give a token as somebody who has the secret, but not this code, could make it."""
    claims = {
        "aud": "codesyncx-call",
        "jti": "one",
        "project": "orbits",
        "room": "lecture",
        "sub": "ada",
        "name": "Ada",
        "rights": ["speak"],
        "iat": NOW,
        "exp": NOW + 60,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    whole = {"alg": "HS256", "typ": "codesyncx-room+jwt", **(header or {})}
    algorithms = [whole["alg"]]
    return jwt.encode(whole, claims, OctKey.import_key(key), algorithms=algorithms)


def unsigned(header: dict[str, Any]) -> str:
    claims = token().split(".")[1]
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{head}.{claims}."


def test_a_token_says_who_where_and_what_they_may_do() -> None:
    read = KEY.read(token(rights=EVERY_RIGHT), ROOM, now=NOW + 1)
    assert read == RoomToken(
        id=read.id,
        room=ROOM,
        person_id="ada",
        display_name="Ada Lovelace",
        rights=EVERY_RIGHT,
        issued_at=NOW,
        expires_at=NOW + 60,
    )


def test_every_token_has_an_id_of_its_own() -> None:
    ids = {KEY.read(token(), ROOM, now=NOW).id for _ in range(20)}
    assert len(ids) == 20


def test_what_was_made_as_we_make_it_is_read() -> None:
    assert KEY.read(forged(), ROOM, now=NOW).person_id == "ada"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("a.b.c", id="letters"),
        pytest.param("\ud800.b.c", id="half a character"),
        pytest.param("a" * 100_000, id="too long"),
        pytest.param(forged(key=b"another secret of thirty-two byte"), id="another's secret"),
        pytest.param(token()[:-2], id="a part of the signature"),
        pytest.param(token().rpartition(".")[0] + ".", id="no signature"),
        pytest.param(
            ".".join(
                [*token().split(".")[:1], *token().split(".")[1:2], token().split(".")[2][::-1]]
            ),
            id="another signature",
        ),
        pytest.param(unsigned({"alg": "none", "typ": "codesyncx-room+jwt"}), id="alg none"),
        pytest.param(unsigned({"alg": "None", "typ": "codesyncx-room+jwt"}), id="alg None"),
        pytest.param(unsigned({"typ": "codesyncx-room+jwt"}), id="no alg"),
        pytest.param(forged(header={"alg": "HS512"}), id="another algorithm"),
        pytest.param(forged(header={"typ": "JWT"}), id="another kind of token"),
        pytest.param(forged(aud="codesyncx-invite"), id="another audience"),
        pytest.param(forged(aud=None), id="no audience"),
        pytest.param(forged(jti=None), id="no id"),
        pytest.param(forged(sub=""), id="nobody"),
        pytest.param(forged(sub=7), id="a number for a person"),
        pytest.param(forged(name="A" * 257), id="a long name"),
        pytest.param(forged(rights="speak"), id="rights that are no list"),
        pytest.param(forged(rights=["speak", "fly"]), id="an unknown right"),
        pytest.param(forged(rights=[["speak"]]), id="a list for a right"),
        pytest.param(forged(exp=None), id="no end"),
        pytest.param(forged(exp="tomorrow"), id="a word for an end"),
        pytest.param(forged(exp=True), id="true for an end"),
        pytest.param(forged(exp=NOW + 3600), id="a long life"),
        pytest.param(forged(iat=NOW + 3600, exp=NOW + 3650), id="from the future"),
        pytest.param(forged(iat=NOW + 5, exp=NOW + 5), id="no life"),
    ],
)
def test_what_is_no_token_of_ours_is_refused(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        KEY.read(text, ROOM, now=NOW)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_time_that_is_no_number_is_refused(value: str) -> None:
    header = {"alg": "HS256", "typ": "codesyncx-room+jwt"}
    claims = {"aud": "codesyncx-call", "jti": "1", "project": "orbits", "room": "lecture"}
    claims |= {"sub": "ada", "name": "Ada", "rights": [], "iat": NOW, "exp": float(value)}
    text = jwt.encode(header, claims, OctKey.import_key(SECRET), algorithms=["HS256"])
    with pytest.raises(InvalidTokenError):
        KEY.read(text, ROOM, now=NOW)


@pytest.mark.parametrize(
    "room",
    [RoomName("orbits", "office"), RoomName("moons", "lecture"), RoomName("lecture", "orbits")],
)
def test_a_token_opens_no_other_room(room: RoomName) -> None:
    with pytest.raises(InvalidTokenError, match="another room"):
        KEY.read(token(), room, now=NOW)


def test_a_token_is_over_after_a_minute_or_less() -> None:
    assert KEY.read(token(), ROOM, now=NOW + 59.9)
    with pytest.raises(InvalidTokenError, match="over"):
        KEY.read(token(), ROOM, now=NOW + 60)
    with pytest.raises(InvalidTokenError, match="over"):
        KEY.read(token(lifetime_s=5), ROOM, now=NOW + 5)
    with pytest.raises(InvalidTokenError, match="over"):
        KEY.read(token(lifetime_s=3600), ROOM, now=NOW + 60)


def test_clocks_may_be_a_little_apart() -> None:
    assert KEY.read(token(), ROOM, now=NOW - 9)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TokenKey(b"secret")


def test_a_token_opens_one_connection_only() -> None:
    spent = SpentTokens()
    read = KEY.read(token(), ROOM, now=NOW)
    spent.spend(read, "socket-1", now=NOW)
    spent.spend(read, "socket-1", now=NOW)
    with pytest.raises(InvalidTokenError, match="used before"):
        spent.spend(read, "socket-2", now=NOW)


def test_spent_tokens_are_forgotten_when_they_are_over_and_never_before() -> None:
    spent = SpentTokens(most=2)
    for at in (0.0, 30.0):
        spent.spend(KEY.read(token(now=NOW + at), ROOM, now=NOW + at), "a", now=NOW + at)
    late = KEY.read(token(now=NOW + 40), ROOM, now=NOW + 40)
    with pytest.raises(TooManyError):
        spent.spend(late, "a", now=NOW + 40)
    spent.spend(late, "a", now=NOW + 61)
    assert len(spent) == 2


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
def test_nothing_but_a_token_is_read_and_nothing_else_is_raised(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        KEY.read(text, ROOM, now=NOW)
