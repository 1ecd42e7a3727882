from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from codesyncx_hub.sign_in.codes import DIGITS, LIFETIME_S, TRIES, OpenCodes, draw_code
from codesyncx_hub.sign_in.errors import CodeRefusedError
from codesyncx_server.errors import TooManyError

ADA, EVE = "ada@example.org", "eve@example.org"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(most: int = 100) -> tuple[OpenCodes, Clock]:
    clock = Clock()
    numbers = count(1)
    return OpenCodes(clock, lambda: f"{next(numbers):08}", most), clock


def refused(codes: OpenCodes, browser: str, code: str) -> None:
    with pytest.raises(CodeRefusedError):
        codes.spend(browser, code)


def test_a_code_lets_its_address_in_once() -> None:
    codes, _ = opened()
    code = codes.ask(ADA, "hers")
    assert codes.spend("hers", code) == ADA
    refused(codes, "hers", code)


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1} {2}", "{1}-{2}", "{1}\u00a0{2}"])
def test_spaces_between_digits_do_not_matter(typed: str) -> None:
    codes, _ = opened()
    code = codes.ask(ADA, "hers")
    assert codes.spend("hers", typed.format(code, code[:4], code[4:])) == ADA


def test_a_code_is_worth_nothing_in_another_browser() -> None:
    codes, _ = opened()
    code = codes.ask(ADA, "hers")
    codes.ask(ADA, "another")
    refused(codes, "another", code)
    refused(codes, "unknown", code)
    refused(codes, "", code)
    assert codes.spend("hers", code) == ADA


def test_after_five_wrong_tries_the_right_one_is_too_late() -> None:
    codes, _ = opened()
    code = codes.ask(ADA, "hers")
    for _ in range(TRIES):
        refused(codes, "hers", "00000000")
    assert not codes.is_open("hers")
    refused(codes, "hers", code)


def test_four_wrong_tries_are_forgiven() -> None:
    codes, _ = opened()
    code = codes.ask(ADA, "hers")
    for _ in range(TRIES - 1):
        refused(codes, "hers", "00000000")
    assert codes.spend("hers", code) == ADA


def test_wrong_tries_elsewhere_take_nothing_away() -> None:
    codes, _ = opened()
    code = codes.ask(ADA, "hers")
    codes.ask(ADA, "eves")
    for _ in range(20):
        refused(codes, "eves", "00000000")
    assert codes.spend("hers", code) == ADA


def test_a_code_ends_after_ten_minutes() -> None:
    codes, clock = opened()
    early, late = codes.ask(ADA, "hers"), codes.ask(EVE, "his")
    clock.now += LIFETIME_S - 1
    assert codes.spend("hers", early) == ADA
    clock.now += 1
    refused(codes, "his", late)
    assert len(codes) == 0


def test_a_new_code_voids_the_last_of_the_same_browser() -> None:
    codes, _ = opened()
    first, second = codes.ask(ADA, "hers"), codes.ask(EVE, "hers")
    refused(codes, "hers", first)
    assert codes.spend("hers", second) == EVE


def test_more_than_may_be_open_are_refused_and_nobody_elses_is_lost() -> None:
    codes, clock = opened(most=2)
    code = codes.ask(ADA, "hers")
    codes.ask(EVE, "his")
    with pytest.raises(TooManyError):
        codes.ask(EVE, "third")
    assert codes.spend("hers", code) == ADA
    codes.ask(EVE, "third")
    clock.now += LIFETIME_S
    codes.ask(ADA, "hers")
    assert len(codes) == 1


def test_what_is_kept_holds_neither_code_nor_browser() -> None:
    codes, _ = opened()
    code = codes.ask(ADA, "hers")
    kept = repr(vars(codes))
    assert code not in kept
    assert "hers" not in kept


@given(st.text())
def test_any_text_is_a_wrong_code(text: str) -> None:
    codes = OpenCodes(lambda: 0.0, lambda: "x" * 65)
    codes.ask(ADA, "hers")
    refused(codes, "hers", text)
    refused(codes, text, text)


def test_codes_are_drawn_with_all_their_digits() -> None:
    drawn = {draw_code() for _ in range(200)}
    assert len(drawn) > 190
    assert all(len(code) == DIGITS and code.isdigit() for code in drawn)


class Guessing(RuleBasedStateMachine):
    """Whatever is asked, typed and waited for: only the newest code of a browser lets in, once."""

    def __init__(self) -> None:
        super().__init__()
        self.codes, self.clock = opened()
        self.newest: dict[str, tuple[str, str, float, int]] = {}
        self.every = ["00000000"]

    browsers = st.sampled_from(["a", "b", "c"])

    @rule(browser=browsers, address=st.sampled_from([ADA, EVE]))
    def ask(self, browser: str, address: str) -> None:
        code = self.codes.ask(address, browser)
        self.newest[browser] = (code, address, self.clock.now + LIFETIME_S, TRIES)
        self.every.append(code)

    @rule(browser=browsers, data=st.data())
    def type(self, browser: str, data: st.DataObject) -> None:
        typed = data.draw(st.sampled_from(self.every[-4:]))
        code, address, ends_s, tries = self.newest.get(browser, ("", "", 0.0, 0))
        if typed == code and self.clock.now < ends_s and tries:
            assert self.codes.spend(browser, typed) == address
            del self.newest[browser]
            return
        refused(self.codes, browser, typed)
        if browser in self.newest:
            self.newest[browser] = (code, address, ends_s, max(0, tries - 1))

    @rule(seconds=st.sampled_from([1, 200, LIFETIME_S]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @invariant()
    def is_open_where_a_code_could_be_typed(self) -> None:
        for browser in ("a", "b", "c"):
            _, _, ends_s, tries = self.newest.get(browser, ("", "", 0.0, 0))
            assert self.codes.is_open(browser) == bool(tries and self.clock.now < ends_s)


TestGuessing = Guessing.TestCase
