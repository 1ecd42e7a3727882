"""Who may have and keep a kernel in a sandbox, and how much of its output is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_server.access.model import Permission
from codesyncx_server.errors import InvalidRequestError, RefusedError
from codesyncx_server.run.interactive.output_budget import Outcome, OutputBudget
from codesyncx_server.run.interactive.rights import (
    Place,
    may_keep,
    place_of,
    reads_all,
    require_place,
)


@dataclass
class Sight:
    """Somebody who may run code in one folder and read all but some places."""

    runs_in: str = "open"
    closed: frozenset[str] = frozenset()
    uses_programs: bool = False
    asked: list[str] = field(default_factory=list)

    def may(self, permission: Permission, path: str) -> bool:
        if permission is Permission.READ:
            return path not in self.closed
        return path == self.runs_in or path.startswith(f"{self.runs_in}/")

    def covers(self, permission: Permission, path: str) -> bool:
        self.asked.append(path)
        below = f"{path}/" if path else ""
        return self.may(permission, path) and not any(one.startswith(below) for one in self.closed)

    def require(self, permission: Permission, path: str) -> None:
        if not self.may(permission, path):
            raise RefusedError(f"You may not {permission} {path}.")


FILES = {"open/a.ipynb", "open/b.py"}
FOLDERS = {"", "open"}


def place(path: str) -> Place:
    return place_of(path, FILES.__contains__, FOLDERS.__contains__)


@pytest.mark.parametrize(
    ("path", "expected", "folder"),
    [
        ("open/a.ipynb", Place("open/a.ipynb", is_file=True), "open"),
        ("/open/a.ipynb", Place("open/a.ipynb", is_file=True), "open"),
        ("open/console-1-0a1b", Place("open", is_file=False), "open"),
        ("open", Place("open", is_file=False), "open"),
        ("gone/deeper/x", Place("", is_file=False), ""),
        ("", Place("", is_file=False), ""),
    ],
)
def test_a_path_means_a_file_or_the_folder_around(path: str, expected: Place, folder: str) -> None:
    assert place(path) == expected
    assert expected.folder == folder


def test_a_path_that_leads_out_means_nothing() -> None:
    with pytest.raises(InvalidRequestError):
        place("open/../../etc")


def test_one_needs_execute_there_and_read_for_the_notebook() -> None:
    require_place(Sight(), place("open/a.ipynb"))
    require_place(Sight(), place("open/console-1"))
    for sight, path in (
        (Sight(), ""),
        (Sight(), "gone/x"),
        (Sight(runs_in="x"), "open/a.ipynb"),
        (Sight(closed=frozenset({"open/a.ipynb"})), "open/a.ipynb"),
    ):
        with pytest.raises(RefusedError):
            require_place(sight, place(path))


def test_one_keeps_it_while_one_may_read_all_that_is_in_it() -> None:
    here, files = place("open/a.ipynb"), ("open/a.ipynb", "open/b.py", "c.py")
    assert may_keep(Sight(), here, files)
    assert not may_keep(Sight(closed=frozenset({"c.py"})), here, files)
    assert may_keep(Sight(closed=frozenset({"d.py"})), here, files)
    assert not may_keep(Sight(runs_in="x"), here, files)
    assert not may_keep(Sight(uses_programs=True), here, files)


@given(
    st.sets(st.sampled_from(["a/x", "a/y", "a/b/x", "c/x", "z"])),
    st.sets(st.sampled_from(["a/x", "a/y", "a/b/x", "c/x", "z"])),
)
def test_asking_for_folders_tells_the_same_as_asking_for_each_file(
    files: set[str], closed: set[str]
) -> None:
    assert reads_all(Sight(closed=frozenset(closed)), files) == files.isdisjoint(closed)


def test_few_questions_are_asked_for_many_files() -> None:
    sight = Sight()
    assert reads_all(sight, [f"deep/{n % 10}/{n}.py" for n in range(10_000)])
    assert len(sight.asked) == 1


def test_each_cell_has_its_room_and_the_notice_comes_once() -> None:
    budget = OutputBudget(100)
    budget.ask("one")
    budget.ask("two")
    told = [budget.spend("one", 60) for _ in range(4)]
    assert told == [Outcome.PASS, Outcome.CUT, Outcome.DROP, Outcome.DROP]
    assert budget.spend("two", 100) is Outcome.PASS


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(1, 80)), max_size=300))
def test_made_up_requests_give_a_kernel_no_more_room(said: list[tuple[str, int]]) -> None:
    budget = OutputBudget(100)
    budget.ask("asked")
    shown = sum(size for name, size in said if budget.spend(name, size) is Outcome.PASS)
    assert shown <= 200
