from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.project.old_names import LATE_S, OldNames, Rename

if TYPE_CHECKING:
    from codesyncx_server.project.old_names import Closes


def closes(*places: str) -> Closes:
    def is_closed(place: str, top: str) -> bool:
        return any(
            (place == closed or place.startswith(f"{closed}/"))
            and (closed == top or closed.startswith(f"{top}/"))
            for closed in places
        )

    return is_closed


def names_of(*renames: tuple[float, str, str], most: int = 100) -> OldNames:
    names = OldNames(most)
    names.note(Rename(*rename) for rename in renames)
    return names


def test_a_name_in_a_folder_that_is_hidden_by_now_isnt_told() -> None:
    names = names_of((5, "vault", "answers"))
    hidden = closes("answers")
    assert not names.may_tell("vault", 1, hidden)
    assert not names.may_tell("vault/exam.py", 5, hidden)
    assert names.may_tell("vaults/exam.py", 1, hidden)
    # What is told a little later may have happened before.
    assert not names.may_tell("vault/exam.py", 5 + LATE_S, hidden)
    # Something new that only has the old name.
    assert names.may_tell("vault/exam.py", 6 + LATE_S, hidden)
    assert not names.may_tell("vault/exam.py", None, hidden)


def test_what_only_went_into_a_hidden_place_had_a_name_that_may_be_told() -> None:
    names = names_of((5, "open/a.py", "hidden/a.py"))
    assert names.may_tell("open/a.py", 1, closes("hidden"))
    assert not names.may_tell("open/a.py", 1, closes("hidden/a.py"))


def test_a_name_is_followed_through_all_renames() -> None:
    names = names_of((5, "vault/a.py", "open/a.py"), (6, "vault", "safe"), (7, "safe", "answers"))
    hidden = closes("answers")
    assert not names.may_tell("vault/a.py", 1, hidden)
    assert names.may_tell("open/a.py", 5, hidden)
    backwards = names_of((5, "safe", "answers"), (6, "vault", "safe"))
    assert backwards.may_tell("vault", 1, hidden)
    circle = names_of((5, "a", "b"), (6, "b", "a"), (7, "a", "b"))
    assert circle.may_tell("a", 1, closes("c"))
    assert not circle.may_tell("a", 1, closes("b"))


def test_names_older_than_the_renames_known_arent_told() -> None:
    names = names_of((5, "a", "b"), (6, "c", "d"), (7, "e", "f"), most=2)
    assert not names.may_tell("x", 5, closes())
    assert names.may_tell("x", 5.1, closes())
