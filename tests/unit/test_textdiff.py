from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from codesyncx_server.collab.textdiff import Edit, apply_edits, edits, longest_rise

words = st.sampled_from(
    ["a", "b", "foo", " ", "\n", "\r\n", "é", "日本", "👩‍💻", "=", "\t", "\x85"]
)
texts = st.lists(words, max_size=60).map("".join)


def apply(old: str, new: str) -> str:
    text = Doc().get("source", type=Text)
    text += old
    apply_edits(text, edits(old, new))
    return str(text)


@given(texts, texts)
def test_edits_lead_from_the_old_text_to_the_new(old: str, new: str) -> None:
    assert apply(old, new) == new


@given(st.text(max_size=80), st.text(max_size=80))
def test_edits_hold_for_any_characters(old: str, new: str) -> None:
    assert apply(old, new) == new


@given(texts, texts, texts, texts)
def test_what_both_texts_begin_and_end_with_is_left_alone(
    head: str, before: str, after: str, tail: str
) -> None:
    # Of lines that are alike it can't be told which one is new; these two stand once.
    head, tail = f"{head}<<", f">>{tail}"
    for start, deleted, _ in edits(f"{head}\n{before}\n{tail}", f"{head}\n{after}\n{tail}"):
        assert start >= len(head.encode())
        assert start + deleted <= len(f"{head}\n{before}\n".encode())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("same", "same", []),
        ("", "new\n", [Edit(0, 0, "new\n")]),
        ("old\n", "", [Edit(0, 4, "")]),
        ("x = count + 1\n", "x = counter + 1\n", [Edit(9, 0, "er")]),
        ("é = 1\nb = 2\n", "é = 10\nb = 20\n", [Edit(12, 0, "0"), Edit(6, 0, "0")]),
        ("a\nb\nc\n", "a\nc\n", [Edit(2, 2, "")]),
        ("def f():\n", "while x: ...\n", [Edit(0, 8, "while x: ...")]),
    ],
)
def test_edits_are_small_and_readable(old: str, new: str, expected: list[Edit]) -> None:
    assert edits(old, new) == expected


def _program(lines: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [
        f"{'    ' * chance.randrange(3)}value_{chance.randrange(5000)} = call({number})\n"
        for number in range(lines)
    ]


def _scatter(lines: list[str]) -> list[str]:
    chance = random.Random(2)
    changed = list(lines)
    for _ in range(300):
        changed[chance.randrange(len(changed))] = f"fresh {chance.random()}\n"
    return changed


BIG = _program(30_000, 1)
SHUFFLED = random.Random(3).sample(BIG, len(BIG))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("".join(BIG), "".join(_scatter(BIG))),
        ("".join(BIG), "".join(_program(30_000, 9))),
        ("".join(BIG), "".join(SHUFFLED)),
        ("x\n" * 500_000, "y\nx\n" * 250_000),
        ("ab" * 500_000, "ba" * 250_000 + "c" + "ab" * 250_000),
        (" ".join(BIG).replace("\n", ""), " ".join(_scatter(BIG)).replace("\n", "")),
    ],
    ids=["scattered", "unlike", "shuffled", "repeating", "one word", "one line"],
)
def test_a_megabyte_takes_bounded_time(old: str, new: str) -> None:
    started = time.perf_counter()
    changes = edits(old, new)
    assert time.perf_counter() - started < 5
    data = bytearray(old.encode())
    for start, deleted, insert in changes:
        data[start : start + deleted] = insert.encode()
    assert data.decode() == new


@given(st.lists(st.integers(0, 30), max_size=40))
def test_the_longest_rise_rises(values: list[int]) -> None:
    rise = longest_rise(values)
    assert rise == sorted(rise)
    picked = [values[index] for index in rise]
    assert all(left < right for left, right in itertools.pairwise(picked))
    best = [1] * len(values)
    for index, value in enumerate(values):
        best[index] += max((best[i] for i in range(index) if values[i] < value), default=0)
    assert len(rise) == max(best, default=0)
