"""Who may change what in a text of which they may edit a part only."""

from __future__ import annotations

import pytest

from codesyncx_server.collab.rights import VIEWER, Rights
from codesyncx_server.collab.spans import Span, Splice, Utf8
from codesyncx_server.collab.text_edits import check_splices
from codesyncx_server.errors import RefusedError

# Bytes 2 to 4 ("bc") and 5 to 5 (an empty line) of it.
TEXT = b"a\nbc\n\nd\n"
RANGES = {"bc": Span(Utf8(2), Utf8(4)), "empty": Span(Utf8(5), Utf8(5))}
BC = Rights(may_edit=False, open=frozenset({"bc"}))
BOTH = Rights(may_edit=False, open=frozenset({"bc", "empty"}))
BC_LOCKED = Rights(locked=frozenset({"bc"}))
EMPTY_LOCKED = Rights(locked=frozenset({"empty"}))


@pytest.mark.parametrize(
    ("rights", "at", "deleted", "inserted", "answer"),
    [
        # Own lines, with their edges, and nothing else.
        (BC, 3, 0, "x\ny", "yes"),
        (BC, 2, 0, "x\n", "yes"),
        (BC, 4, 0, "\nx", "yes"),
        (BC, 2, 2, "", "yes"),
        (BC, 2, 2, "x", "yes"),
        (BC, 1, 0, "x", "no"),
        (BC, 5, 0, "x", "no"),
        (BC, 4, 1, "", "no"),
        (BC, 1, 1, "", "no"),
        (BC, 1, 4, "", "no"),
        (BC, 0, 8, "a\nbc\n\nd\n", "no"),
        (BOTH, 5, 0, "x", "yes"),
        (BOTH, 4, 1, "", "no"),
        (VIEWER, 3, 0, "x", "no"),
        (VIEWER, 0, 1, "", "no"),
        # Everything but locked lines, which stay lines of their own.
        (BC_LOCKED, 0, 0, "x", "yes"),
        (BC_LOCKED, 1, 0, "x\ny", "yes"),
        (BC_LOCKED, 2, 0, "x\n", "yes"),
        (BC_LOCKED, 4, 0, "\nx", "yes"),
        (BC_LOCKED, 5, 3, "", "yes"),
        (BC_LOCKED, 3, 0, "x", "no"),
        (BC_LOCKED, 3, 1, "", "no"),
        (BC_LOCKED, 2, 0, "# ", "no"),
        (BC_LOCKED, 2, 0, "x\n# ", "no"),
        (BC_LOCKED, 4, 0, " # x", "no"),
        (BC_LOCKED, 1, 1, "", "no"),
        (BC_LOCKED, 4, 1, "", "yes"),  # of two line breaks one stays
        (BC_LOCKED, 4, 2, "", "no"),
        (BC_LOCKED, 0, 8, "", "no"),
        (EMPTY_LOCKED, 5, 0, "x", "no"),
        (EMPTY_LOCKED, 5, 0, "x\n", "yes"),
        (EMPTY_LOCKED, 4, 2, "", "no"),
        (EMPTY_LOCKED, 3, 0, "x", "yes"),
    ],
)
def test_an_edit_is_allowed_where_its_author_may_edit(
    rights: Rights, at: int, deleted: int, inserted: str, answer: str
) -> None:
    splices = [Splice(Utf8(at), deleted, inserted.encode())]
    if answer == "yes":
        check_splices(splices, TEXT, RANGES, rights)
    else:
        with pytest.raises(RefusedError):
            check_splices(splices, TEXT, RANGES, rights)


def test_edits_are_judged_one_after_the_other() -> None:
    check_splices([Splice(Utf8(2), 0, b"xyz"), Splice(Utf8(7), 0, b"!")], TEXT, RANGES, BC)
    with pytest.raises(RefusedError):
        check_splices([Splice(Utf8(2), 1, b""), Splice(Utf8(4), 0, b"!")], TEXT, RANGES, BC)
    check_splices([Splice(Utf8(0), 0, b"x\n"), Splice(Utf8(6), 0, b"\n!")], TEXT, RANGES, BC_LOCKED)


def test_locked_lines_that_nobody_finds_lock_everything() -> None:
    rights = Rights(locked=frozenset({"gone"}))
    with pytest.raises(RefusedError, match="can't be told"):
        check_splices([Splice(Utf8(0), 0, b"x")], TEXT, RANGES, rights)
