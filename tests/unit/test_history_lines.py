from __future__ import annotations

import json

import pytest

from codesyncx_server.history.lines import count_changes


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"", b"a\nb\n", (2, 0)),
        (b"a\nb\n", b"a\nB\n", (1, 1)),
        (b"a\nb\nc\n", b"c\na\nb\n", (0, 0)),
        (b"a\na\n", b"a\n", (0, 1)),
    ],
)
def test_lines_are_counted(old: bytes, new: bytes, expected: tuple[int, int]) -> None:
    assert count_changes(old, new, "a.py") == expected


def _notebook(*sources: str, output: str = "") -> bytes:
    cells = [
        {"cell_type": "code", "source": source.splitlines(keepends=True), "outputs": [output]}
        for source in sources
    ]
    return json.dumps({"cells": cells}).encode()


def test_of_a_notebook_only_the_text_of_cells_counts() -> None:
    old = _notebook("x = 1\ny = 2", output="1")
    new = _notebook("x = 1\ny = 3", "z", output="2")
    assert count_changes(old, new, "n.ipynb") == (2, 1)


@pytest.mark.parametrize("broken", [b"{", b"[]", b'{"cells": 3}', b'{"cells": [1, {"source": 2}]}'])
def test_a_broken_notebook_is_counted_all_the_same(broken: bytes) -> None:
    added, removed = count_changes(broken, b'{"cells": []}', "n.ipynb")
    assert added >= 0
    assert removed >= 0
