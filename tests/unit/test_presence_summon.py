from __future__ import annotations

import pytest

from codesyncx_server.errors import InvalidRequestError, TooManyError
from codesyncx_server.presence.summon import Patience, read_place


def test_a_place_is_read_and_told_without_what_is_unknown() -> None:
    place = read_place({"path": "src/solver.py", "line": 12})
    assert place.to_json() == {"path": "src/solver.py", "kind": "file", "line": 12}


def test_a_cell_is_a_place() -> None:
    body = {"path": "a.ipynb", "kind": "notebook", "cell_id": "x1", "cell_index": 3, "line": 1}
    assert read_place(body).to_json() == body


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "a.py",
        {},
        {"path": ""},
        {"path": 3},
        {"path": "/etc/passwd"},
        {"path": "../secret"},
        {"path": "a/../../b"},
        {"path": "a//b"},
        {"path": "a\\b"},
        {"path": "a\nb"},
        {"path": "a\x00b"},
        {"path": "a\u202eb"},
        {"path": "x" * 1025},
        {"path": "a.py", "kind": "video"},
        {"path": "a.py", "line": 0},
        {"path": "a.py", "line": True},
        {"path": "a.py", "line": "12"},
        {"path": "a.py", "line": 1.5},
        {"path": "a.py", "line": 10**12},
        {"path": "a.py", "cell_id": ""},
        {"path": "a.py", "cell_index": -1},
        {"path": "a.py", "name": "somebody else"},
    ],
)
def test_what_is_no_place_is_refused(body: object) -> None:
    with pytest.raises(InvalidRequestError):
        read_place(body)


def test_one_person_calls_everyone_only_so_often() -> None:
    now = 100.0
    patience = Patience(3.0, lambda: now)
    patience.spend("ada")
    patience.spend("bo")
    with pytest.raises(TooManyError):
        patience.spend("ada")
    now = 103.0
    patience.spend("ada")
