from __future__ import annotations

import pytest
from codesyncx_spawner.path_pattern import matches
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("pattern", "path", "is_meant"),
    [
        ("out.txt", "out.txt", True),
        ("out.txt", "deep/out.txt", False),
        ("*.txt", "out.txt", True),
        ("*.txt", "deep/out.txt", False),
        ("dist/*", "dist/app.js", True),
        ("dist/*", "dist/deep/app.js", False),
        ("dist/**", "dist/deep/app.js", True),
        ("dist/**", "dist2/app.js", False),
        ("**/*.js", "app.js", True),
        ("**/*.js", "a/b/app.js", True),
        ("a/**/b/*.js", "a/b/x.js", True),
        ("a/**/b/*.js", "a/c/d/b/x.js", True),
        ("a/**/b/*.js", "a/c/d/x.js", False),
        ("**", "anything/at/all", True),
        ("[ab]?.csv", "a1.csv", True),
        ("[!ab]?.csv", "a1.csv", False),
        ("", "a", False),
    ],
)
def test_patterns(pattern: str, path: str, *, is_meant: bool) -> None:
    assert matches(path, pattern) is is_meant


PARTS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=6)


@given(path=PARTS, cut=st.integers(0, 6), until=st.integers(0, 6))
def test_two_stars_stand_for_any_names_between(path: list[str], cut: int, until: int) -> None:
    pattern = [*path[:cut], "**", *path[max(cut, until) :]]
    assert matches("/".join(path), "/".join(pattern))
    assert not matches("/".join(["other", *path]), "/".join(["no", *pattern]))


def test_a_pattern_made_to_take_for_ever_does_not() -> None:
    assert not matches("/".join(["a" * 60] * 40), "/".join(["**", "*a" * 50 + "b"] * 30))
