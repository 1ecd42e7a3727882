from __future__ import annotations

from codesyncx_spawner.masking import MASK, Masking, mask
from hypothesis import given
from hypothesis import strategies as st

PEM = "-----BEGIN KEY-----\nMIIEvQIBADAN\n-----END KEY-----\n"


def in_pieces(text: bytes, secrets: list[str], size: int) -> bytes:
    masking = Masking(secrets)
    shown = b"".join(masking.add(text[start : start + size]) for start in range(0, len(text), size))
    return shown + masking.end()


def test_a_secret_is_masked_however_the_output_is_cut() -> None:
    text = b"key=s3cret-value, again s3cret-value\ns3cret-valu\n"
    for size in range(1, len(text) + 1):
        shown = in_pieces(text, ["s3cret-value"], size)
        assert shown == b"key=***, again ***\ns3cret-valu\n", size


def test_what_can_be_no_secret_any_more_is_shown_at_once() -> None:
    masking = Masking(["abcdef"])
    assert masking.add(b"x abc") == b"x "
    assert masking.add(b"x") == b"abcx"
    assert masking.add(b"ab") == b""
    assert masking.end() == b"ab"


def test_a_longer_secret_is_not_given_away_by_a_shorter_one_in_it() -> None:
    for size in range(1, 12):
        assert in_pieces(b"abcdefgh|", ["abcd", "abcdefgh"], size) == b"***|"
        assert in_pieces(b"abcdefg|", ["abcd", "defg"], size) == b"***|"


def test_lines_of_a_secret_are_secret_too() -> None:
    assert mask(PEM.replace("\n", "\r\n"), [PEM]) == "***\r\n***\r\n***\r\n"
    assert mask("it is MIIEvQIBADAN.", [PEM]) == "it is ***."


def test_without_secrets_everything_passes() -> None:
    masking = Masking([])
    assert (masking.add(b"all of it"), masking.end()) == (b"all of it", b"")


@given(
    st.lists(st.text("ab", min_size=4, max_size=7), min_size=1, max_size=3),
    st.text("ab|", max_size=60),
    st.integers(1, 9),
)
def test_no_secret_is_left_and_the_cut_makes_no_difference(
    secrets: list[str], text: str, size: int
) -> None:
    shown = in_pieces(text.encode(), secrets, size).decode()
    assert not any(secret in shown for secret in secrets)
    assert shown == mask(text, secrets)
    # What is no part of a secret is all there.
    covered = set[int]()
    for secret in secrets:
        for start in range(len(text)):
            if text.startswith(secret, start):
                covered |= set(range(start, start + len(secret)))
    expected = "".join(
        letter if at not in covered else MASK * (at - 1 not in covered)
        for at, letter in enumerate(text)
    )
    assert shown == expected
